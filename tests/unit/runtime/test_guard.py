"""That a change which the compiler did not see is found, with its line, and that reading is
no change."""

import ast
import itertools
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellwright.runtime.faults import StepFault
from cellwright.runtime.guard import Guard
from cellwright.runtime.inputs import load_inputs
from cellwright.runtime.manifest import ArtifactSpec, PortSpec, StepSpec
from cellwright.runtime.outputs import Outputs
from cellwright.runtime.program import Statement
from cellwright.runtime.state import ProcessState
from support.attempts import Steps

WEEKS = pd.date_range("2024-01-07", periods=30, freq="W-SUN")
FRAMES = {
    "dates": lambda: pd.Series(range(30), index=WEEKS, name="cases"),
    "zones": lambda: pd.DataFrame({"at": WEEKS.tz_localize("Europe/Oslo"), "v": range(30)}),
    "levels": lambda: pd.DataFrame(
        {"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    ),
    "kinds": lambda: pd.DataFrame({"c": pd.Categorical(["x", "y"]), "s": ["p", None]}),
    "objects": lambda: pd.DataFrame({"o": pd.Series(["x", 1, None], dtype=object)}),
    "blocks": lambda: pd.concat([pd.DataFrame({f"c{at}": [at, 2.5]}) for at in range(5)], axis=1),
}


def guarded(folder: Path, clock=time.perf_counter, **values) -> tuple[Guard, dict]:
    """Hand values on as a step does, and guard all of them in the next."""
    (folder / "outputs").mkdir()
    state = ProcessState(str(folder), ())
    outputs = Outputs(spec(outputs=[PortSpec(each, "value") for each in values]), str(folder), values, state)  # fmt: skip
    outputs.save()
    inputs = [
        ArtifactSpec(each.path, each.serializer, each.members, each.members, each.meta)
        for each in outputs.artifacts
    ]
    loaded: dict = {}
    told = spec(inputs=inputs, unchanged=list(values))
    load_inputs(told, str(folder), loaded, state)
    return Guard(told, str(folder), loaded, clock), loaded


def statement(text: str, line: int) -> Statement:
    return Statement(ast.parse(text).body[0], "n.ipynb, cell 1", line)


def spec(**more) -> StepSpec:
    nothing: dict = {"cells": [], "origins": [], "parameters": [], "inputs": [], "outputs": [], "metrics": [], "definitions": []}  # fmt: skip
    return StepSpec("run", "step", "nonce", "n.ipynb", 1, **{**nothing, **more})


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:A future version of pandas")
@pytest.mark.parametrize("name", FRAMES)
def test_reading_a_frame_in_every_way_is_no_change(tmp_path: Path, name: str) -> None:
    guard, loaded = guarded(tmp_path, frame=FRAMES[name]())
    frame = loaded["frame"]

    _ = frame.index.inferred_freq if isinstance(frame.index, pd.DatetimeIndex) else None
    _ = frame.index.is_unique, frame.index.is_monotonic_increasing, hash(str(frame))
    _ = frame.iloc[1:].copy(), frame.describe(), frame.groupby(frame.index).size()
    _ = [frame.loc[label] for label in frame.index[:2]], frame.to_numpy(), frame.T, frame.copy()
    if frame.ndim == 2:
        frame._consolidate_inplace()

    guard.check()


def rename_index(frame) -> None:
    frame.index.names = ["renamed"] * frame.index.nlevels


def set_first(frame) -> None:
    if frame.ndim == 1:
        frame.iloc[0] = 999
    else:
        frame.iloc[0, 0] = frame.iloc[1, 0]


def note(frame) -> None:
    frame.attrs["unit"] = "kg"


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("change", [rename_index, set_first, note])
def test_a_changed_label_cell_or_note_of_a_frame_is_seen(tmp_path: Path, name: str, change) -> None:
    guard, loaded = guarded(tmp_path, frame=FRAMES[name]())

    change(loaded["frame"])

    with pytest.raises(StepFault, match="changes `frame` in place"):
        guard.check()


LONG = 300_000
# name: (how the value is made, how it is changed)
CHANGES = {
    "an element": (lambda: [1, 2], lambda x: x.__setitem__(1, 5)),
    "an equal element of another type": (lambda: [0, 1], lambda x: x.__setitem__(1, True)),
    "another zero": (lambda: [0.0, 1.0], lambda x: x.__setitem__(0, -0.0)),
    "one more": (lambda: [1, 2], lambda x: x.append(3)),
    "the order": (lambda: [2, 1], lambda x: x.sort()),
    "something that does not compare": (lambda: [1, 2], lambda x: x.__setitem__(0, np.zeros(2))),
    "a key": (lambda: {"a": 1}, lambda x: x.update(b=2)),
    "the order of keys": (lambda: {"a": 1, "b": 2}, lambda x: x.update(a=x.pop("a"))),
    "one of many": (lambda: list(range(LONG)), lambda x: x.__setitem__(77_777, -1)),
    "all of many": (
        lambda: list(range(LONG)),
        lambda x: x.__setitem__(slice(None), [float(v) for v in x]),
    ),
    "a part": (lambda: {"a": [1, {"b": {2}}]}, lambda x: x["a"][1]["b"].add(3)),
    "a part of a tuple": (lambda: ([1],), lambda x: x[0].append(2)),
    "bytes": (lambda: bytearray(b"ab"), lambda x: x.__setitem__(0, 1)),
    "a part beside a decimal": (
        lambda: [__import__("decimal").Decimal("1.0"), [1]],
        lambda x: x[1].append(2),
    ),
    "a float in an array": (lambda: np.zeros(5), lambda x: x.__setitem__(4, -0.0)),
    "the shape": (lambda: np.zeros(6), lambda x: setattr(x, "shape", (2, 3))),
    "an array in Fortran order": (
        lambda: np.asfortranarray(np.ones((3, 4))),
        lambda x: x.sort(axis=0) or x.__setitem__((0, 1), 2),
    ),
    "a stepped array": (lambda: np.arange(9)[::2], lambda x: x.sort() or x.__setitem__(0, 1)),
    "objects in an array": (
        lambda: np.array([[1], "a"], dtype=object),
        lambda x: x[0].append(1),
    ),
    "an array in a dict": (
        lambda: {"w": np.zeros(300_000), "k": [1]},
        lambda x: x["w"].__setitem__(-1, 1),
    ),
    "a collection": (
        lambda: __import__("collections").deque([1, 2], 3),
        lambda x: x.rotate(),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_any_plain_value_or_array_is_seen(tmp_path: Path, case: str) -> None:
    make, change = CHANGES[case]
    guard, loaded = guarded(tmp_path, x=make())
    guard.check()

    change(loaded["x"])

    with pytest.raises(StepFault, match="changes `x` in place"):
        guard.check()


def test_one_of_several_that_share_state_is_seen_too(tmp_path: Path) -> None:
    rows = [np.zeros(3)]
    guard, loaded = guarded(tmp_path, rows=rows, first=rows[0])
    guard.check()

    loaded["first"][0] = 1

    with pytest.raises(StepFault, match="in place"):
        guard.check()


@pytest.mark.parametrize("rows", [20, 400])
def test_views_of_one_array_are_still_what_they_were(tmp_path: Path, rows: int) -> None:
    pixels = np.random.default_rng(0).random((rows, 600, 3))
    guard, _ = guarded(tmp_path, hue=pixels[:, :, 0], light=pixels[:, :, 2])

    guard.check()


def test_elements_may_be_replaced_by_the_same(tmp_path: Path) -> None:
    guard, loaded = guarded(tmp_path, x=[1000, 2.5], d={"k": "text"}, a=np.arange(3.0))

    loaded["x"][:] = [int("1000"), float("2.5")]
    loaded["d"]["k"] = "TEXT".lower()
    loaded["a"][:] = np.arange(3.0)

    guard.check()


def test_what_a_library_notes_in_its_own_objects_is_no_change(tmp_path: Path) -> None:
    scaler = pytest.importorskip("sklearn.preprocessing").StandardScaler().fit([[1.0], [2.0]])
    guard, loaded = guarded(tmp_path, parts={"scaler": scaler}, alone=scaler)

    loaded["alone"].noted = loaded["parts"]["scaler"].noted = True

    guard.check()


def test_an_array_that_was_let_go_of_is_not_kept_in_memory(tmp_path: Path) -> None:
    import weakref

    guard, loaded = guarded(tmp_path, x=np.zeros(5))
    left = weakref.ref(loaded["x"])

    del loaded["x"]

    assert left() is None
    guard.check()


def breach(steps: Steps, make: str, *cells: str, definitions: str = "import time"):
    first = steps.ok(make, outputs=("x",), definitions=f"{definitions}\nimport numpy as np")
    attempt = steps.run(*cells, inputs=((first, "x"),), unchanged=["x"], definitions=definitions)
    error = attempt.manifest.error
    assert error is not None
    assert error.kind == "input"
    assert "`x`" in error.message
    assert "x = x" in error.hint
    return error


def test_the_statement_that_did_it_is_named_and_nothing_runs_after_it(steps: Steps) -> None:
    error = breach(steps, "x = [1, 2]", "y = 1\nprint(x)\n\nfor i in y, 2:\n    x.append(i)\nz = x", "1 / 0")  # fmt: skip

    assert (error.cell, error.line) == (2, 4)
    assert error.message.startswith("cell 2, line 4, changes `x` in place")


@pytest.mark.parametrize("value", [[1, 2], {"k": [1, [2]]}, np.zeros(3), FRAMES["zones"]()])
def test_a_small_input_is_looked_at_after_each_statement_however_slow_the_machine(
    tmp_path: Path, value
) -> None:
    seconds = itertools.count()
    guard, loaded = guarded(tmp_path, clock=lambda: 1.0 * next(seconds), x=value)
    for line in range(1, 11):
        guard.after(1, statement("y = x", line))

    if isinstance(value, pd.DataFrame):
        loaded["x"].iloc[0, 1] = 99
    else:
        loaded["x"]["k" if isinstance(value, dict) else 0] = 99

    with pytest.raises(StepFault, match=r"^cell 1, line 11, changes `x` in place"):
        guard.after(1, statement("x[0] = 99", 11))


def test_a_large_input_is_looked_at_when_the_cells_have_taken_long_enough(steps: Steps) -> None:
    error = breach(
        steps,
        "x = np.zeros(10_000_000)",
        "y = x.sum()",
        "x[5] = 1",
        "time.sleep(5)",
        "y = x.sum()",
        "1 / 0",
    )

    assert error.cell in (2, 3)
    assert "cell 3, line 1" in error.message


def test_a_change_by_a_function_is_laid_on_the_statement_that_calls_it(steps: Steps) -> None:
    error = breach(
        steps,
        "x = np.zeros(20_000_000)",
        "y = 3",
        "z = [y]\nwork = change\nw = {'a': z}",
        "work(y)\nlen(x)",
        "q = [w]",
        definitions="import time\ndef inner(v):\n    x[v] = 1\ndef change(v):\n    inner(v)",
    )

    assert (error.cell, error.line) in ((4, 1), (3, None))
    assert "cell 4, line 1" in error.message


def test_a_change_by_another_name_is_laid_on_the_statements_since_the_last_look(
    steps: Steps,
) -> None:
    error = breach(
        steps,
        "x = np.zeros(20_000_000)",
        "vars(__import__('__main__'))['x'.strip()][3] = 7",
        "a = 1",
    )

    assert "cell 2, line 1" in error.message
