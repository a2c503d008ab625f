from cellwright.compiler.linking.wiring import Wiring
from support.analysis import wiring_of
from support.notebooks import code


def inputs(wiring: Wiring, step: str) -> dict[str, str | None]:
    """Return the names that a step is given, and by whom."""
    (found,) = [name for name in wiring.steps if name == step]
    return {need.name: need.feed.step for need in wiring.inputs(found)}


def outputs(wiring: Wiring, step: str) -> set[str]:
    (found,) = [name for name in wiring.steps if name == step]
    return set(wiring.outputs[found])


def test_only_what_is_read_crosses_a_border() -> None:
    wiring = wiring_of(code("x, y = [], []", "step:a"), code("print(x)", "step:b"))

    assert outputs(wiring, "a") == {"x"}
    assert inputs(wiring, "b") == {"x": "a"}


def test_a_step_between_that_changes_a_value_hands_it_on() -> None:
    wiring = wiring_of(
        code("x = []", "step:a"), code("x.append(1)", "step:b"), code("print(x)", "step:c")
    )

    assert inputs(wiring, "c") == {"x": "b"}
    assert inputs(wiring, "b") == {"x": "a"}


def test_a_name_bound_on_some_paths_is_passed_through() -> None:
    wiring = wiring_of(
        code("x = 1", "step:a"),
        code("if input():\n    x = 2", "step:b"),
        code("print(x)", "step:c"),
    )

    assert inputs(wiring, "b") == {"x": "a"}
    assert inputs(wiring, "c") == {"x": "b"}


def test_what_a_function_reads_late_goes_with_it() -> None:
    wiring = wiring_of(
        code("def f():\n    return rate", "functions"),
        code("rate = [2]", "step:a"),
        code("print(f())", "step:b"),
    )

    assert inputs(wiring, "b") == {"rate": "a"}
    assert len(wiring.shared[next(s for s in wiring.steps if s == "b")]) == 1


def test_names_that_share_state_come_from_one_step() -> None:
    wiring = wiring_of(
        code("x = []", "step:a"),
        code("y = x", "step:b"),
        code("y.append(1)\nprint(x)", "step:c"),
    )

    assert inputs(wiring, "c") == {"x": "b", "y": "b"}


def test_names_that_share_nothing_come_from_where_they_are_made() -> None:
    wiring = wiring_of(
        code("x = []", "step:a"),
        code("y = list(x)", "step:b"),
        code("y.append(1)\nprint(x)", "step:c"),
    )

    assert inputs(wiring, "c") == {"x": "a", "y": "b"}


def test_a_class_goes_with_its_instances() -> None:
    wiring = wiring_of(code("class A:\n    pass\nx = A()", "step:a"), code("print(x)", "step:b"))
    (step,) = [name for name in wiring.steps if name == "b"]

    assert inputs(wiring, "b") == {"x": "a"}
    assert [wiring.timeline.walk.definitions[n].names for n in wiring.definitions[step]] == [("A",)]


def test_a_shared_value_that_is_new_each_time_is_made_once() -> None:
    wiring = wiring_of(
        code("import uuid\nrun = str(uuid.uuid4())", "functions"),
        code("print(run)", "step:a"),
        code("print(run)", "step:b"),
    )

    assert inputs(wiring, "b") == {"run": "a"}
