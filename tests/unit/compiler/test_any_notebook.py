import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellwright.compiler.driver import compile_notebook
from cellwright.diagnostics import render
from support.notebooks import CodeCell, code, ipynb

TAGS = st.sampled_from(
    [
        ("step:a",),
        ("step:b",),
        ("check:c",),
        ("imports",),
        ("functions",),
        ("parameters",),
        (),
        ("metrics",),
        ("step:a", "prev:b"),
        ("skip",),
        ("step:a", "metrics"),
        ("step:bad name",),
    ]
)
STATEMENTS = st.sampled_from(
    [
        "x = 1",
        "y = x",
        "x += y",
        "del x",
        "x.y = x",
        "x[y] = [x]",
        "def f(x=y): return z + x",
        "f(x)",
        "class A(x): y = x; f = lambda self: self",
        "z = [x for x in y if (w := x)]",
        "global x",
        "import os, sys as z",
        "from os.path import *",
        "x, *y = z",
        "for x in y: z = x",
        "while x: break",
        "if x: y = 1",
        "try: x = 1\\nexcept E as e: pass",
        "with x as (y, z): x = y",
        'match x:\\n case {"a": y, **z}: pass',
        "!ls {x}",
        "%time y = f(x)",
        "x = !ls",
        "%%bash\\necho",
        "%matplotlib inline",
        'globals()["x"] = 1',
        'exec("x = y")',
        "exec(x)",
        "lambda: x",
        "@f\\ndef g(): yield x",
        "async def h(): await x",
        "await h()",
        "print(*x, **y)",
        "x: int",
        "x: int = f(y)",
        "x = y = z = []",
        "sys.exit(x)",
        "input()",
        "open(x).read()",
        "f.a = x",
        "type A = x",
        "return x",
        "_ + Out[1]",
        "a.b.c.d(x)[y](z) = 1",
        "''",
        "x = (yield)",
        "assert x, y",
        "raise x from y",
        "nonlocal x",
        "super().x",
        "A().f(x).y",
        "functools.partial(f, x)",
        "from . import x",
        "from __future__ import annotations",
        '__name__ == "__main__"',
        "x if y else z",
        'f"{x!r:>{y}}"',
        "{**x, y: z}",
        "x[y:z, ...] = f",
        "x @= y",
        "(x)",
        "1 if",
    ]
).map(lambda line: line.replace("\\n", "\n"))
CELLS = st.lists(
    st.builds(CodeCell, st.lists(STATEMENTS, max_size=5).map("\n".join), TAGS), max_size=7
)


@given(CELLS)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_cells_become_a_pipeline_or_a_report_that_can_be_printed(cells: list[CodeCell]) -> None:
    payload = ipynb(cells)

    first = compile_notebook(payload, path="any.ipynb")
    second = compile_notebook(payload, path="any.ipynb")

    assert (first.pipeline is None) == first.report.has_errors
    assert list(first.report) == list(second.report)
    assert first.pipeline == second.pipeline
    page = render.text(first.report, path="any.ipynb", notebook=first.notebook)
    assert page.count("= more: ") == len(first.report)
    assert not set(page) & set("\x1b\t\r")
    log = json.loads(render.sarif(first.report, path="any.ipynb", version="1"))
    assert len(log["runs"][0]["results"]) == len(first.report)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1" + " + 1" * 900,
        "x = " + "[" * 90 + "]" * 90,
        "x = a" + ".b" * 900,
        "x = " + "f(" * 90 + ")" * 90,
        "\n".join(f"x{n} = x{n - 1} if n else 0" for n in range(1, 1500)),
        "if a:\n" + "".join(" " * n + "if a:\n" for n in range(1, 90)) + " " * 90 + "x = 1",
        "x = {" + ", ".join(f"{n}: [{n}]" for n in range(20_000)) + "}",
        "def f(): return f()\n" * 300 + "f()",
        "".join(f"def f{n}(): return f{n + 1}() or f{n + 2}()\n" for n in range(60)) + "f0()",
        "for a in b:\n  for c in a:\n    for d in c:\n      for e in d:\n        x = [x, e]\n" * 10,
        "x = '" + "é" * 1_000_000 + "'",
    ],
)
def test_hostile_python_takes_no_more_than_seconds(source: str) -> None:
    started = time.perf_counter()

    compiled = compile_notebook(
        ipynb(
            [code("b = a = n = 1", "step:z"), code(source, "step:a"), code("print(x)", "step:b")]
        ),
        path="any.ipynb",
    )

    assert compiled.notebook is not None
    assert time.perf_counter() - started < 20
