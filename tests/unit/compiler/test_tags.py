import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.compiler.reading.tags import (
    InStep,
    Parameters,
    Role,
    Shared,
    SharedKind,
    Skipped,
    Untagged,
)
from cellwright.diagnostics.diagnostic import Diagnostic, Retag
from cellwright.model.pipeline import StepKind, StepName
from support.front import front_of
from support.notebooks import CodeCell, code


def roles_of(*tags: tuple[str, ...], **metadata: object) -> list[Role]:
    found = front_of(*(CodeCell("x = 1", each) for each in tags), **metadata)
    return [role.role for role in found.roles.values()]


def tags_given(found: Diagnostic) -> list[tuple[str, ...]]:
    return [
        change.tags for fix in found.fixes for change in fix.changes if isinstance(change, Retag)
    ]


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        (("step:load",), InStep(StepName("load"))),
        (("block:load",), InStep(StepName("load"))),
        (("check:schema",), InStep(StepName("schema"), StepKind.CHECK)),
        (("step:fit", "metrics"), InStep(StepName("fit"), metrics=True)),
        (("check:fit", "pipeline-metrics"), InStep(StepName("fit"), StepKind.CHECK, metrics=True)),
        (("metrics",), InStep(StepName("metrics"), metrics=True)),
        (("parameters",), Parameters()),
        (("pipeline-parameters",), Parameters()),
        (("imports",), Shared(SharedKind.IMPORTS)),
        (("setup",), Shared(SharedKind.IMPORTS)),
        (("functions",), Shared(SharedKind.FUNCTIONS)),
        (("skip",), Skipped()),
        ((), Untagged()),
        (("hide-input", "slideshow"), Untagged()),
        (("step:été_3-b",), InStep(StepName("été_3-b"))),
    ],
)
def test_a_tag_gives_its_role(tags: tuple[str, ...], role: Role) -> None:
    assert roles_of(tags) == [role]


@pytest.mark.parametrize(
    "tags",
    [
        ("step:a", "skip"),
        ("step:a", "step:b"),
        ("step:a", "imports"),
        ("step:a", "check:a"),
        ("parameters", "functions"),
        ("metrics", "imports"),
    ],
)
def test_two_roles_on_a_cell_are_an_error_with_a_fix_for_each(tags: tuple[str, ...]) -> None:
    found = front_of(CodeCell("x = 1", tags), code("y = 1", "step:other"))

    (conflict,) = found.found("TAG102")
    assert conflict.primary.span is not None
    assert conflict.primary.span.number == 1
    assert sorted(tags_given(conflict)) == sorted((tag,) for tag in tags)


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("", None),
        ("train model", "train-model"),
        ("../etc/passwd", "etc-passwd"),
        ("-rf", "rf"),
        ("con", "con-step"),
        ("NUL", "NUL-step"),
        ("..", None),
        ("e\u0301te", "éte"),
        ("a\nb", "a-b"),
        ("a\u202eb", "a-b"),
        ("$(id)", "id"),
        ("x" * 300, "x" * 80),
        ("🚀", None),
    ],
)
def test_a_name_that_is_not_allowed_is_an_error_with_the_nearest_name(
    name: str, mended: str | None
) -> None:
    found = front_of(CodeCell("x = 1", (f"step:{name}",)))

    (invalid,) = found.found("TAG103")
    assert tags_given(invalid) == ([] if mended is None else [(f"step:{mended}",)])


@pytest.mark.parametrize("other", ["LOAD", "Load", "\uff4coad"])
def test_names_that_look_the_same_are_an_error_that_names_both_cells(other: str) -> None:
    found = front_of(code("x = 1", "step:load"), CodeCell("y = 1", (f"step:{other}",)))

    (alike,) = found.found("TAG109")
    assert alike.primary.span is not None
    assert alike.secondary[0].span is not None
    assert (alike.secondary[0].span.number, alike.primary.span.number) == (1, 2)


def test_a_name_is_a_step_or_a_check_but_not_both() -> None:
    found = front_of(code("x = 1", "step:a"), code("assert x", "check:a"))

    assert found.codes == ["TAG102"]


def test_a_predecessor_that_does_not_exist_is_an_error_with_the_similar_name() -> None:
    found = front_of(code("x = 1", "step:load"), code("y = 1", "step:b", "prev:laod"))

    (unknown,) = found.found("TAG105")
    assert unknown.notes == ("`load` has a similar name",)
    assert tags_given(unknown) == [("step:b", "prev:load")]


def test_predecessors_are_kept_where_they_exist() -> None:
    found = front_of(code("x = 1", "step:a"), code("y = 1", "step:b", "prev:a"))

    assert [role.prev for role in found.roles.values()] == [(), ("a",)]


def test_a_step_that_waits_for_itself_is_a_cycle() -> None:
    assert front_of(code("x = 1", "step:a", "prev:a")).codes == ["PIPE301"]


def test_untagged_cells_follow_the_cell_before_in_notebooks_of_kale() -> None:
    roles = roles_of((), ("imports",), (), ("block:a",), (), ("skip",), (), kubeflow_notebook={})

    step, shared = InStep(StepName("a")), Shared(SharedKind.IMPORTS)
    assert roles == [Untagged(), shared, shared, step, step, Skipped(), step]


def test_untagged_cells_follow_the_cell_before_on_request() -> None:
    roles = roles_of(("step:a",), (), cellwright={"untagged": "previous"})

    assert roles == [InStep(StepName("a"))] * 2


def test_tags_of_others_are_left_alone_and_misspelt_ones_are_hinted_at() -> None:
    found = front_of(
        code("x = 1", "step:a", "hide-input", "remove-cell", "color:red", "slide:b"),
        code("y = 1", "setp:b"),
        code("z = 1", "parameter"),
    )

    assert found.codes == ["TAG101", "TAG101"]
    assert [tags_given(each) for each in found.report] == [[("step:b",)], [("parameters",)]]


def test_a_cell_that_may_fail_is_refused_if_it_is_compiled() -> None:
    found = front_of(code("1 / 0", "step:a", "raises-exception"), code("1 / 0", "raises-exception"))

    assert found.codes == ["FLOW215"]


def test_a_notebook_without_steps_is_an_error() -> None:
    assert front_of(code("x = 1"), code("y = 1", "imports")).codes == ["TAG110"]


def test_the_options_of_a_step_may_stand_on_any_of_its_cells() -> None:
    found = front_of(
        code("x = 1", "step:a", memory="2G"),
        code("y = 1", "step:a", retries=2, memory="2G"),
        cellwright={"steps": {"a": {"cpus": 2}}},
    )

    assert found.codes == []
    options = [role.options for role in found.roles.values()]
    assert options[0] == options[1]
    assert (options[0].memory, options[0].retries, options[0].cpus) == ("2G", 2, 2.0)


def test_options_that_disagree_are_an_error_at_the_later_cell() -> None:
    found = front_of(code("x", "step:a", memory="2G"), code("y", "step:a", memory="3G"))

    (conflict,) = found.found("TAG108")
    assert conflict.primary.span is not None
    assert conflict.primary.span.number == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"imgae": "x"}, "there is no option `imgae`"),
        ({"retries": "2"}, "option `retries` is malformed"),
        ({"retries": -1}, "option `retries` is malformed"),
        ({"memory": "lots"}, "option `memory` is malformed"),
        ({"cache": "sometimes"}, "option `cache` is malformed"),
    ],
)
def test_an_option_that_does_not_fit_is_an_error(options: dict[str, object], said: str) -> None:
    found = front_of(CodeCell("x = 1", ("step:a",), options))

    (invalid,) = found.found("TAG107")
    assert said in invalid.message


@pytest.mark.parametrize(
    "options",
    [
        {"untagged": "guess"},
        {"imgae": ""},
        {"steps": {"b": {}}},
        {"steps": {"a": {"x": 1}}},
        {"steps": 1},
        [],
    ],
)
def test_notebook_options_that_do_not_fit_are_an_error(options: object) -> None:
    assert "TAG107" in front_of(code("x = 1", "step:a"), cellwright=options).codes


def test_options_on_a_cell_that_is_in_no_step_are_an_error_unless_it_is_left_out() -> None:
    found = front_of(
        code("x = 1", "step:a"),
        code("n = 1", "parameters", memory="2G"),
        code("y = 1", memory="2G"),
        code("z = 1", "skip", memory="2G"),
    )

    assert [(each.rule.code, each.primary.span.number) for each in found.report] == [("TAG107", 2)]


def test_thousands_of_findings_take_no_time() -> None:
    started = time.process_time()

    found = front_of(*(code(f"x = {n}", f"step:bad name {n}") for n in range(3000)))

    assert len(found.report) == 3000
    assert time.process_time() - started < 5


def test_option_tags_of_kale_are_read_as_the_options_they_mean() -> None:
    found = front_of(
        code(
            "x = 1",
            *("block:a", "limit:memory:4Gi", "limit:cpu:500m", "image:python:3.11"),
            *("cache:disabled", "secret:vault:key:TOKEN"),
        ),
        kubeflow_notebook={},
    )

    assert found.codes == []
    options = next(iter(found.roles.values())).options
    assert (options.memory, options.cpus, options.image) == ("4Gi", 0.5, "python:3.11")
    assert (options.cache, options.secrets) == ("never", ("TOKEN",))


@pytest.mark.parametrize("tag", ["limit:nvidia.com/gpu:1", "limit:cpu:many", "label:a:b"])
def test_option_tags_of_kale_without_a_meaning_here_are_hinted_at(tag: str) -> None:
    assert front_of(code("x = 1", "block:a", tag)).codes == ["TAG112"]


@given(st.lists(st.lists(st.text(max_size=12) | st.text(max_size=6).map("step:{}".format))))
@settings(max_examples=200, deadline=2000)
def test_any_tags_give_each_cell_a_role(tags: list[list[str]]) -> None:
    found = front_of(*(CodeCell("x = 1", tuple(each)) for each in tags))

    assert len(found.roles) == len(tags)
