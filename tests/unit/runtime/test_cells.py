"""That cells run as in a kernel, and what they show is recorded as a notebook shows it."""

import ast
import base64

import pytest

from cellwright.runtime.program import awaits
from support.attempts import Steps


def shown(attempt, mime: str = "text/plain") -> list:
    return [
        (cell, output["output_type"], output["data"].get(mime)) for cell, output in attempt.displays
    ]


def test_the_value_of_a_last_expression_is_shown_and_nothing_is_printed(steps: Steps) -> None:
    attempt = steps.ok("x = 3\nx", "x;", "None", "x  # why; not", "if x:\n    x", "print(x)\nx = 4")

    assert shown(attempt) == [(2, "execute_result", "3"), (5, "execute_result", "3")]
    assert attempt.stdout == "3\n"


def test_underscore_is_the_last_value_shown(steps: Steps) -> None:
    attempt = steps.ok("6 * 7", "print(_)", "'b'", "print(_, __)", "_ = 1", "2", "print(_)")

    assert attempt.stdout == "42\nb 42\n1\n"


def test_display_and_rich_forms_are_recorded(steps: Steps) -> None:
    attempt = steps.ok(
        "class R:\n    def _repr_html_(self): return '<b>r</b>'\n"
        "    def _repr_png_(self): return b'png'\n    def __repr__(self): return 'plain'\n"
        "display(R(), 1)",
        "R()",
    )

    assert shown(attempt) == [
        (2, "display_data", "plain"),
        (2, "display_data", "1"),
        (3, "execute_result", "plain"),
    ]
    assert attempt.displays[0][1]["data"]["text/html"] == "<b>r</b>"
    assert base64.b64decode(attempt.displays[0][1]["data"]["image/png"]) == b"png"
    assert attempt.stdout == ""


def test_ipythons_own_display_is_recorded_too(steps: Steps) -> None:
    attempt = steps.ok("from IPython.display import display, HTML\ndisplay(HTML('<i>x</i>'))")

    assert attempt.displays[0][1]["data"]["text/html"] == "<i>x</i>"
    assert attempt.stdout == ""


def test_cells_of_other_languages_are_shown(steps: Steps) -> None:
    show = "__cellwright_shell__.show"
    svg = "<?xml version='1.0'?><svg><g/></svg>"
    attempt = steps.ok(f"{show}('Markdown', '# a')", f"{show}('SVG', {svg!r})")

    assert [output["data"] for _, output in attempt.displays] == [
        {"text/markdown": "# a", "text/plain": "<IPython.core.display.Markdown object>"},
        {"image/svg+xml": "<svg><g/></svg>", "text/plain": "<IPython.core.display.SVG object>"},
    ]


def test_libraries_can_tell_that_this_is_no_terminal(steps: Steps) -> None:
    attempt = steps.ok(
        "print(hasattr(get_ipython(), 'kernel'), hasattr(get_ipython().kernel, 'shell'))"
    )

    assert attempt.stdout == "True False\n"


def test_an_object_whose_repr_fails_costs_nothing_but_its_text(steps: Steps) -> None:
    attempt = steps.ok("class E:\n    def __repr__(self): raise OSError\nE()", "E()\nprint('on')")

    assert "its repr raised OSError" in shown(attempt)[0][2]
    assert attempt.stdout == "on\n"


def test_figures_left_open_are_shown_and_closed_at_the_end_of_the_cell(steps: Steps) -> None:
    pytest.importorskip("matplotlib")
    attempt = steps.ok(
        "fig, ax = plt.subplots()\nax.plot([1, 2])\nx = 1",
        "print(plt.get_fignums())",
        "plt.plot([1])\nplt.show()\nprint(plt.get_fignums())",
        definitions="import matplotlib.pyplot as plt",
    )

    images = [(cell, data) for cell, _, data in shown(attempt, "image/png")]
    assert [cell for cell, _ in images] == [2, 4]
    assert all(base64.b64decode(data).startswith(b"\x89PNG") for _, data in images)
    assert attempt.stdout == "[]\n[]\n"


def test_figures_stay_open_where_the_notebook_chose_its_own_backend(steps: Steps) -> None:
    pytest.importorskip("matplotlib")
    attempt = steps.ok(
        "plt.plot([1, 2])\nx = 1",
        "print(plt.get_fignums())",
        definitions="import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt",
    )

    assert attempt.stdout == "[1]\n"
    assert attempt.displays == []


@pytest.mark.parametrize(
    ("line", "literal"),
    [
        ("n = 1", "2"),
        ("n: int = 1", "2"),
        ("n = m = 1", "2"),
        ("n, m = 1, 1", "2"),
        ("n = (\n    1\n)", "2"),
        ("n = 1  # trees", "2"),
        ("n = 1; m = 1", "2"),
    ],
)
def test_a_parameter_takes_its_value_where_it_is_assigned(
    steps: Steps, line: str, literal: str
) -> None:
    attempt = steps.ok(
        "print(n, globals().get('m', 1))", definitions=line, parameters=(("n", 1, literal),)
    )

    assert attempt.stdout == "2 1\n"


@pytest.mark.parametrize(
    "literal", ["'it''s'", "[1, {'a': (2.5, None)}]", "-1e999", "{1, 2}", "b'\\xff'", "1+2j"]
)
def test_a_parameter_may_be_any_literal(steps: Steps, literal: str) -> None:
    attempt = steps.ok(
        f"print(p == {literal}, type(p) is type({literal}))",
        definitions="p = 0",
        parameters=(("p", 1, literal),),
    )

    assert attempt.stdout == "True True\n"


def test_a_parameter_that_is_no_literal_is_refused(steps: Steps) -> None:
    attempt = steps.run("1", definitions="p = 0", parameters=(("p", 1, "__import__('os')"),))

    assert attempt.manifest.state == "failed"


def test_names_of_the_runtime_do_not_get_into_the_notebooks_namespace(steps: Steps) -> None:
    attempt = steps.ok(
        "print(sorted(globals()))\nimport sys\nprint(__name__, '__file__' in globals(), "
        "sys.modules['__main__'].__dict__ is globals(), sys.path[0] == '')"
    )

    names, facts = attempt.stdout.splitlines()
    assert facts == "__main__ False True True"
    assert names == str(
        sorted(["__builtins__", "__doc__", "__loader__", "__name__", "__package__", "__spec__"])
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("await f()", True),
        ("async with lock: pass", True),
        ("async for x in xs: pass", True),
        ("xs = [x async for x in xs]", True),
        ("if a:\n    b = [await c]", True),
        ("def f(v=await g()): pass", True),
        ("(x for x in await xs)", True),
        ("async def f():\n    await g()", False),
        ("f = lambda: (x async for x in xs)", False),
        ("xs = (x async for x in xs)", False),
        (" + ".join(["1"] * 600), False),
    ],
)
def test_a_statement_awaits_where_it_does_so_outside_of_functions(
    source: str, expected: bool
) -> None:
    assert awaits(ast.parse(source).body[0]) is expected


def test_context_variables_hold_from_cell_to_cell_but_not_beyond_one_that_awaits(
    steps: Steps,
) -> None:
    attempt = steps.ok(
        "v = contextvars.ContextVar('v', default=0)\ntoken = v.set(1)",
        "print(v.get())\nv.reset(token)\nprint(v.get())",
        "v.set(2)",
        "await asyncio.sleep(0)\nv.set(3)\nprint(v.get())",
        "v.get()",
        definitions="import asyncio, contextvars",
    )

    # What a kernel of ipykernel 6 and 7 says.
    assert attempt.stdout == "1\n0\n3\n"
    assert attempt.displays[-1][1]["data"]["text/plain"] == "2"


def test_cells_can_await_and_tasks_live_on_in_the_next_cell(steps: Steps) -> None:
    attempt = steps.run(
        "async def f(v):\n    await asyncio.sleep(0)\n    return v\n"
        "task = asyncio.create_task(f(1))\nawait f(2)",
        "print(await task, asyncio.get_running_loop().is_running())",
        "async with asyncio.Lock():\n    print(3)\nawait f(1 / 0)",
        definitions="import asyncio",
    )

    assert attempt.stdout == "1 True\n3\n"
    assert shown(attempt) == [(2, "execute_result", "2")]
    assert attempt.manifest.error.message == "ZeroDivisionError: division by zero"
    assert "asyncio" not in attempt.manifest.error.traceback


def test_a_future_import_holds_for_the_cells_after_it(steps: Steps) -> None:
    attempt = steps.ok(
        "from __future__ import annotations",
        "def f(x: NoSuchName): pass\nprint(f.__annotations__)",
    )

    assert attempt.stdout == "{'x': 'NoSuchName'}\n"


def test_each_statement_is_compiled_by_itself_as_in_a_kernel(steps: Steps) -> None:
    attempt = steps.run("print('first')\nnonlocal x", "print('never')")

    assert attempt.stdout == "first\n"
    assert attempt.manifest.error.message.startswith("SyntaxError")


def test_the_source_of_the_notebooks_functions_is_at_hand(steps: Steps) -> None:
    attempt = steps.ok(
        "def g(v):\n    # why\n    return v\nprint(inspect.getsource(g))",
        "print(inspect.getsource(f))",
        definitions="import inspect\n\n\ndef f():\n    return 'deep'",
    )

    assert attempt.stdout == (
        "def g(v):\n    # why\n    return v\n\ndef f():\n    return 'deep'\n\n"
    )


def test_a_warning_names_its_cell(steps: Steps) -> None:
    attempt = steps.ok("import warnings\nwarnings.warn('old')")

    assert "churn.ipynb, cell 2:2: UserWarning: old" in attempt.log


def test_shell_lines_mean_what_they_mean_in_a_notebook(steps: Steps) -> None:
    attempt = steps.ok(
        "__cellwright_shell__.system('echo a; echo b >&2; exit 3')\nprint(_exit_code)",
        "lines = __cellwright_shell__.getoutput(\"printf 'a\\\\nb\\\\n'\")\n"
        "print(list(lines), lines.n.count('b'), lines.s, lines.grep('B'), lines.fields(0))",
        "x = 'v w'\n__cellwright_shell__.system('echo {x}', lambda: ['echo ', x])\n"
        "__cellwright_shell__.system('echo {y}', lambda: ['echo ', y])",
        "__cellwright_shell__.setenv('MODE', 'fast')\nimport os\nprint(os.environ['MODE'])",
        "__cellwright_shell__.writefile('a.txt', 'one\\n')\n"
        "__cellwright_shell__.writefile('a.txt', 'two\\n', append=True)\n"
        "print(open('a.txt').read(), end='')",
        "__cellwright_shell__.bash('echo out; echo err >&2')",
    )

    assert attempt.stdout == (
        "a\nb\n3\n['a', 'b'] 1 a b ['b'] ['a', 'b']\nv w\n{y}\nenv: MODE=fast\nfast\n"
        "Writing a.txt\nAppending to a.txt\none\ntwo\nout\n"
    )
    assert "err\n" in attempt.log


def test_a_failing_script_cell_fails_unless_told_not_to(steps: Steps) -> None:
    lenient = steps.ok("__cellwright_shell__.bash('exit 4', check=False)")
    strict = steps.run("__cellwright_shell__.bash('exit 4')")

    assert lenient.manifest.error is None
    assert "CalledProcessError" in strict.manifest.error.message


def test_capture_takes_what_the_cell_prints_and_shows(steps: Steps) -> None:
    first = steps.ok(
        "out = __cellwright_shell__.capture()\nprint('quiet')\ndisplay(5)\n"
        "__cellwright_shell__.system('echo command')\ny = 2",
        "print(y, out.stdout.split(), len(out.outputs))",
        outputs=("out",),
    )
    second = steps.ok("print(out.stdout.split()); out.show()", inputs=((first, "out"),))

    assert first.stdout == "2 ['quiet', 'command'] 1\n"
    assert first.displays == []
    assert second.stdout == "['quiet', 'command']\nquiet\ncommand\n"


def test_code_that_asks_where_it_runs_is_told_a_notebook(steps: Steps) -> None:
    attempt = steps.run(
        "print(type(get_ipython()).__name__, 'google.colab' in str(get_ipython()))",
        "get_ipython().no_such_thing",
    )

    assert attempt.stdout == "ZMQInteractiveShell False\n"
    assert "no IPython shell with `no_such_thing`" in attempt.manifest.error.message


def test_wide_tables_are_shown_as_in_a_notebook(steps: Steps) -> None:
    attempt = steps.ok("import pandas as pd\nprint(pd.options.display.max_columns)")

    assert attempt.stdout == "20\n"


def test_a_module_imported_by_a_cell_is_found_beside_the_notebook(steps: Steps) -> None:
    attempt = steps.lay("import helper\nprint(helper.K)")
    (attempt / "work" / "helper.py").write_text("K = 5")

    assert steps.finish(attempt, steps.start(attempt)).stdout == "5\n"


def test_pools_of_processes_find_the_functions_of_the_notebook(steps: Steps) -> None:
    attempt = steps.ok(
        "with mp.get_context('fork').Pool(2) as pool:\n    print(pool.map(sq, [1, 2, 3]))",
        definitions="import multiprocessing as mp\ndef sq(v):\n    return v * v",
    )

    assert attempt.stdout == "[1, 4, 9]\n"


UPDATES = {
    "a handle": ("h = display('x', display_id=True)\nh.update('y')", ["'y'"]),
    "an id": ("h = display('x', display_id='q')\nupdate_display('y', display_id='q')", ["'y'"]),
    "once more": ("h = display('x', display_id=True)\nh.display('y')", ["'y'", "'y'"]),
    "in between": ("h = display('x', display_id=True)\ndisplay(1)\nh.update('y')", ["'y'", "1"]),
    "a place": ("h = display(display_id=True)\ndisplay(1)\nh.update('y')", ["'y'", "1"]),
    "unknown": ("update_display('y', display_id='nowhere')", []),
    "published": (
        "publish_display_data({'text/plain': 'a'}, transient={'display_id': 'p'}); "  # noqa: ISC004
        "update_display(2, display_id='p')",
        ["2"],
    ),
}


@pytest.mark.parametrize("case", UPDATES)
def test_an_update_takes_the_place_of_a_display(steps: Steps, case: str) -> None:
    text, shown = UPDATES[case]
    attempt = steps.ok(
        text,
        definitions="from IPython.display import display, update_display, publish_display_data",
    )

    assert [entry["data"]["text/plain"] for _, entry in attempt.displays] == shown


def test_a_handle_without_ipython_shows_its_id_and_travels(steps: Steps) -> None:
    first = steps.ok("h = display('x', display_id='q')\nh", outputs=("h",))
    second = steps.ok("print(h)\nh.display(3)", inputs=((first, "h"),))

    assert first.displays[1][1]["data"]["text/plain"] == "<DisplayHandle display_id=q>"
    assert second.stdout == "<DisplayHandle display_id=q>\n"
    assert second.displays[0][1]["data"]["text/plain"] == "3"
