"""That walking what a library may call back comes to an end, and says enough."""

import time

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

SECONDS = 5


def ports(*cells: tuple[str, str]) -> dict[str, set[str]]:
    """Return the names that each step hands on."""
    payload = ipynb([code(source, tag) for tag, source in cells])
    pipeline = compile_notebook(payload, path="n.ipynb").pipeline
    assert pipeline is not None
    return {
        step: {str(port.name) for port in component.outputs}
        for step, component in pipeline.steps.items()
    }


@pytest.mark.parametrize(
    "source",
    [
        "ax.text(0.8, 0.1, 'x', transform=ax.transAxes)",
        "unknown(ax.transAxes, ax.plot, ax.unknown.other)",
        "unknown(*[getattr(ax, name) for name in ('a', 'b')], ax.transAxes)",
        "list(map(ax.unknown, [ax.unknown]))",
    ],
)
def test_a_method_that_reaches_itself_is_called_once(source: str) -> None:
    handed_on = ports(
        ("imports", "import matplotlib.pyplot as plt\nfrom somewhere import unknown"),
        ("step:a", "fig, ax = plt.subplots()"),
        ("step:b", source),
        ("step:c", "print(fig, ax)"),
    )

    assert handed_on["b"] == {"ax", "fig"}


def test_functions_that_unknown_code_may_call_are_not_walked_without_bound() -> None:
    functions = "\n".join(
        f"def f{n}(x, *more):\n    log.append(x)\n    return unknown(x, more, HOOKS)\n"
        f"HOOKS.append(f{n})"
        for n in range(30)
    )
    started = time.perf_counter()

    handed_on = ports(
        ("imports", "from somewhere import unknown"),
        ("functions", f"log, HOOKS = [], []\n{functions}"),
        ("step:a", "f0(1)"),
        ("step:b", "print(log)"),
    )

    assert "log" in handed_on["a"]
    assert time.perf_counter() - started < SECONDS


def test_a_column_is_data_and_not_a_method() -> None:
    handed_on = ports(
        ("imports", "import pandas as pd"),
        ("step:a", "df = pd.DataFrame({'v': [1]})"),
        ("step:b", "total = (df.v * 2).tolist()"),
        ("step:c", "print(df, total)"),
    )

    assert handed_on["b"] == {"total"}
