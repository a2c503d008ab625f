import pytest

from cellwright.compiler.linking.timeline import Act
from support.analysis import timeline_of
from support.notebooks import code


@pytest.mark.parametrize(
    ("source", "acts"),
    [
        ("x = 1", [Act.BINDS]),
        ("if input():\n    x = 1", [Act.MAY_BIND]),
        ("if input():\n    x = 1\nelse:\n    x = 2", [Act.BINDS]),
        ("for x in input():\n    pass", [Act.MAY_BIND]),
        ("for x in [1, 2]:\n    pass", [Act.BINDS]),
        ("try:\n    x = int(input())\nexcept ValueError:\n    x = 0", [Act.BINDS]),
        ("try:\n    x = int(input())\nexcept ValueError:\n    pass", [Act.MAY_BIND]),
        ("x = 1\ndel x", [Act.DELETES]),
        ("(x := 1)", [Act.BINDS]),
        ("[x for x in [1]]", []),
        ("def f():\n    x = 1\nf()", []),
        ("def f():\n    global x\n    x = 1\nf()", [Act.BINDS]),
        ("def f():\n    global x\n    x = 1", []),
    ],
)
def test_what_a_step_does_to_a_name(source: str, acts: list[Act]) -> None:
    timeline = timeline_of(code(source, "step:a"))

    assert [event.act for event in timeline.events.get("x", ())] == acts


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("x.append(1)", {"x", "y", "pair"}),
        ("y.append(1)", {"x", "y", "pair"}),
        ("pair[0].append(1)", {"x", "y", "pair"}),
        ("pair.append(1)", {"pair"}),
        ("other.append(1)", {"other"}),
        ("sorted(x)", set()),
        ("len(x)", set()),
        ("def f(v):\n    v.append(1)\nf(x)", {"x", "y", "pair"}),
    ],
)
def test_a_change_is_one_of_all_names_that_reach_the_object(change: str, names: set[str]) -> None:
    timeline = timeline_of(
        code("x = []\ny = x\npair = [x, 1]\nother = []", "step:a"), code(change, "step:b")
    )
    changed = {
        name
        for name, events in timeline.events.items()
        if any(event.act is Act.CHANGES and event.site == 1 for event in events)
    }

    assert changed == names


def test_the_last_sure_binding_feeds_a_read() -> None:
    timeline = timeline_of(
        code("x = []", "step:a"),
        code("x = []", "step:b"),
        code("if input():\n    x = []", "step:c"),
        code("print(x)", "step:d"),
    )

    assert timeline.feed("x", 1).step == "a"
    assert timeline.feed("x", 2).step == "b"
    assert timeline.feed("x", 3).step == "c"
    assert timeline.feed("x", 0).step is None


@pytest.mark.parametrize(
    ("source", "static"),
    [
        ("def f():\n    return 1", True),
        ("def f(x=1):\n    return x", True),
        ("def f(x=len('a')):\n    return x", True),
        ("def f(x=input()):\n    return x", False),
        ("def f(x=[]):\n    x.append(1)\nf()", False),
        ("def f():\n    pass\nf.calls = 0", False),
        ("if input():\n    def f():\n        pass", False),
        ("class f:\n    level = 1", True),
        ("class f:\n    level = input()", False),
        ("import math as f", True),
    ],
)
def test_what_later_steps_may_take_along_as_text(source: str, *, static: bool) -> None:
    timeline = timeline_of(code(source, "step:a"), code("print(f)", "step:b"))

    assert (timeline.feed("f", 1).definition is not None) == static
