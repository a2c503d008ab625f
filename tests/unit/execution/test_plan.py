from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.base.canonical import digest_of
from cellwright.base.errors import UsageError
from cellwright.execution.plan import (
    Cached,
    Due,
    Supplies,
    Supply,
    Waiting,
    cache_key,
    canonical_literal,
    decide,
    differences,
    identity,
    key_parts,
    may_answer,
    selected,
    supplied,
    undecided,
    unfold,
)
from cellwright.execution.request import CacheUse, WorkFile
from cellwright.model.options import MetricOption, StepOptions
from cellwright.model.pipeline import PortName, StepName
from cellwright.model.run import Artifact, State, StepRecord, StepRun
from support.pipelines import pipeline, request, step

ENVIRONMENT = digest_of("environment")
NAMES = st.text("abcdefghij:\"',[]", min_size=1, max_size=4)
VALUES = st.text(max_size=6)


class Answers:
    """A cache that knows some keys, and remembers what it was asked."""

    def __init__(self, **known):
        self.known = known
        self.asked = []

    def find(self, key):
        self.asked.append(key)
        return self.known.get(key)


def artifact(value, *members, serializer="json", meta=None):
    return Artifact(
        digest=digest_of(value),
        size=1,
        serializer=serializer,
        members=tuple(map(PortName, members)),
        meta=meta or {},
    )


def record(name, **outputs):
    """Return the record of a step that ended well with these artifacts."""
    return StepRecord(StepRun(StepName(name), State.SUCCEEDED), {}, outputs)


NOTHING = Supplies((), ())


def parts(component, *, environment=ENVIRONMENT, supplies=NOTHING, parameters=None, **files):
    return key_parts(
        component,
        environment=environment,
        supplies=supplies,
        parameters=parameters or {},
        **files,
    )


def one_input(held, *ports):
    return Supplies((Supply(held, tuple(map(PortName, ports))),), ())


BASE = step("train", "b = a", reads=("a",), makes=("b",), parameters=("rate",))
FILE = WorkFile("x.csv", "/x.csv", digest_of("x"))


def base_parts(**changes):
    component = changes.pop("component", BASE)
    given = {
        "supplies": one_input(artifact(1, "a"), "a"),
        "parameters": {"rate": "0.1"},
        "files": (FILE,),
        "modules": (FILE,),
        **changes,
    }
    return parts(component, **given)


def options(**fields):
    return replace(BASE, options=StepOptions(**fields))


CHANGES = {
    "the program": {"component": replace(BASE, fingerprint=digest_of("other"))},
    "a definition": {"component": replace(BASE, definitions=("Point",))},
    "a metric": {"component": replace(BASE, metrics=("b",))},
    "the environment": {"environment": digest_of("other")},
    "the bytes of an input": {"supplies": one_input(artifact(2, "a"), "a")},
    "how an input is read": {"supplies": one_input(artifact(1, "a", serializer="npy"), "a")},
    "what an input is": {"supplies": one_input(artifact(1, "a", meta={"kind": "Series"}), "a")},
    "an input that is absent": {"supplies": Supplies((), (PortName("a"),))},
    "a parameter": {"parameters": {"rate": "0.2"}},
    "a parameter's type": {"parameters": {"rate": "'0.1'"}},
    "a file's bytes": {"files": (replace(FILE, digest=digest_of("y")),)},
    "a file's name": {"files": (replace(FILE, path="y.csv"),)},
    "no file": {"files": ()},
    "a module's bytes": {"modules": (replace(FILE, digest=digest_of("y")),)},
    "no module": {"modules": ()},
    "a variable": {"component": options(environment={"A": "1"})},
    "a secret's name": {"component": options(secrets=("TOKEN",))},
    "the network": {"component": options(network=True)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_result_depends_on_moves_the_key(change):
    assert cache_key(base_parts(**CHANGES[change])) != cache_key(base_parts())


def test_no_two_of_these_changes_give_one_key():
    keys = {cache_key(base_parts(**change)) for change in CHANGES.values()}

    assert len(keys) == len(CHANGES)


@pytest.mark.parametrize(
    "change",
    [
        {"component": replace(BASE, step=StepName("renamed"))},
        {"component": options(memory="1G", cpus=2.0, timeout=5.0, retries=3)},
        {"component": options(metrics={"b": MetricOption(minimum=0.5)})},
        {"component": replace(BASE, cells=(), body_line=7)},
        {"parameters": {"rate": "0.10"}},
        {"parameters": {"rate": "0.1", "of_another_step": "3"}},
        {"files": (replace(FILE, source="/elsewhere", stamp=(1, 2, 3, 4)),)},
    ],
)
def test_what_changes_no_result_leaves_the_key(change):
    assert cache_key(base_parts(**change)) == cache_key(base_parts())


def test_ports_in_one_artifact_differ_from_ports_with_equal_ones_apart():
    both = artifact(1, "a", "b")
    together = Supplies((Supply(both, (PortName("a"), PortName("b"))),), ())
    apart = Supplies((Supply(both, (PortName("a"),)), Supply(both, (PortName("b"),))), ())

    assert cache_key(parts(BASE, supplies=together, parameters={"rate": "1"})) != cache_key(
        parts(BASE, supplies=apart, parameters={"rate": "1"})
    )


SHAPES = st.fixed_dictionaries(
    {
        "environment": st.dictionaries(NAMES, VALUES, max_size=2),
        "secrets": st.frozensets(NAMES, max_size=2),
        "network": st.booleans(),
        "held": st.dictionaries(NAMES, VALUES, max_size=2),
        "absent": st.frozensets(NAMES, max_size=2),
        "files": st.dictionaries(NAMES, VALUES, max_size=2),
        "modules": st.dictionaries(NAMES, VALUES, max_size=2),
    }
)


def key_of(shape):
    work = {
        kind: tuple(WorkFile(name, "/", digest_of(text)) for name, text in shape[kind].items())
        for kind in ("files", "modules")
    }
    component = step(
        "s", "pass",
        options=StepOptions(
            environment=shape["environment"],
            secrets=tuple(shape["secrets"]),
            network=shape["network"],
        ),
    )  # fmt: skip
    held = tuple(
        Supply(artifact(text, name), (PortName(name),))
        for name, text in sorted(shape["held"].items())
    )
    absent = tuple(sorted(map(PortName, shape["absent"] - set(shape["held"]))))
    return cache_key(parts(component, supplies=Supplies(held, absent), **work))


@given(one=SHAPES, two=SHAPES)
def test_a_key_stands_for_one_execution_only(one, two):
    same = {**one, "absent": one["absent"] - set(one["held"])} == {
        **two, "absent": two["absent"] - set(two["held"]),
    }  # fmt: skip

    assert (key_of(one) == key_of(two)) == same


@pytest.mark.parametrize(
    ("one", "two"), [("16", "0x10"), ("'a'", '"a"'), ("1_000", "1000"), ("[1,2]", "[ 1, 2 ]")]
)
def test_spellings_of_one_value_are_one_literal(one, two):
    assert canonical_literal(one) == canonical_literal(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [("1", "1.0"), ("1", "True"), ("1", "'1'"), ("'1'", "b'1'"), ("0.0", "-0.0"),
     ("[1]", "(1,)"), ("None", "'None'"), ("not a literal", "neither a literal")],
)  # fmt: skip
def test_values_that_differ_are_different_literals(one, two):
    assert canonical_literal(one) != canonical_literal(two)


def test_the_parts_say_what_differs():
    found = differences(base_parts(), base_parts(parameters={"rate": "0.2"}, files=()))

    assert [(each.kind, each.name) for each in found] == [("parameter", "rate"), ("file", "x.csv")]
    assert found[1].new is None
    assert found[1].old == FILE.digest
    assert differences(base_parts(), base_parts()) == ()


@pytest.mark.parametrize(
    ("mode", "uncacheable", "answers"),
    [("auto", "", True), ("auto", "clock", False), ("always", "clock", True), ("never", "", False)],
)
def test_whether_a_result_stands_for_the_next_follows_the_option(mode, uncacheable, answers):
    component = step("s", "pass", options=StepOptions(cache=mode), uncacheable=uncacheable)

    assert may_answer(component) is answers


CHAIN = pipeline(
    step("load", "a = 1", makes=("a",)),
    step("other", "z = 1", makes=("z",)),
    step("clean", "b = a", reads=("a",), makes=("b",)),
    step("check", "assert z"),
    step("train", "c = b", reads=("b",), makes=("c",)),
    order=(("other", "check"), ("check", "train")),
)


def test_wanted_steps_bring_all_that_they_need():
    assert selected(CHAIN, ()) == tuple(CHAIN.steps)
    assert selected(CHAIN, ("clean",)) == ("load", "clean")
    assert selected(CHAIN, ("train",)) == tuple(CHAIN.steps)
    with pytest.raises(UsageError, match="no step is called `x`"):
        selected(CHAIN, ("x",))


def test_a_plan_unfolds_as_far_as_inputs_are_known(tmp_path):
    wanted = request(tmp_path, CHAIN)
    made = record("load", a=artifact(1, "a"))
    first = decide(
        StepName("load"), wanted, done={}, cache=Answers(), identify=lambda _: ENVIRONMENT
    )

    plan = unfold(wanted, cache=Answers(**{first.key: made}), identify=lambda _: ENVIRONMENT)

    assert isinstance(plan["load"], Cached)
    assert isinstance(plan["clean"], Due)
    assert plan["clean"].supplies.artifacts() == made.outputs
    assert plan["train"] == Waiting(StepName("train"), ("clean", "check"))


def test_a_cached_step_that_misses_its_threshold_decides_nothing_behind_it(tmp_path):
    options = StepOptions(metrics={"accuracy": MetricOption(minimum=0.9)})
    chain = pipeline(
        step("load", "a = 1", makes=("a",), options=options),
        step("clean", "b = a", reads=("a",), makes=("b",)),
    )
    wanted = request(tmp_path, chain)
    made = record("load", a=artifact(1, "a"))
    made = replace(made, step_run=replace(made.step_run, metrics={"accuracy": 0.1}))
    first = decide(
        StepName("load"), wanted, done={}, cache=Answers(), identify=lambda _: ENVIRONMENT
    )

    plan = unfold(wanted, cache=Answers(**{first.key: made}), identify=lambda _: ENVIRONMENT)

    assert isinstance(plan["load"], Cached)
    assert isinstance(plan["clean"], Waiting)


def test_only_steps_that_the_cache_may_answer_are_undecided(tmp_path):
    chain = pipeline(
        step("load", "a = 1", makes=("a",)),
        step("clean", "b = a", reads=("a",), makes=("b",)),
        step("now", "c = a", reads=("a",), uncacheable="clock"),
    )
    wanted = request(tmp_path, chain)

    plan = unfold(wanted, cache=Answers(), identify=lambda _: ENVIRONMENT)

    assert undecided(plan, wanted) == ("clean",)


def test_a_refreshing_run_asks_the_cache_nothing(tmp_path):
    answers = Answers()

    unfold(
        request(tmp_path, CHAIN, cache=CacheUse.REFRESH),
        cache=answers,
        identify=lambda _: ENVIRONMENT,
    )

    assert answers.asked == []


def test_ports_that_share_an_artifact_of_one_step_come_together():
    made = pipeline(
        step("one", "a = b = []", makes=("a", "b", "c")),
        step("two", "d = 1", reads=("a",), makes=("a", "d")),
        step("use", "pass", reads=("a", "b", "c", "d")),
    )
    bundle, alone = artifact(1, "a", "b"), artifact(3, "d")
    done = {
        StepName("one"): record("one", a=bundle, b=bundle),
        StepName("two"): record("two", a=bundle, d=alone),
    }

    found = supplied(StepName("use"), made, done)

    assert found.held == (Supply(bundle, ("a",)), Supply(bundle, ("b",)), Supply(alone, ("d",)))
    assert found.absent == ("c",)
    reads_one = pipeline(*list(made.steps.values())[:1], step("use", "pass", reads=("a", "b")))
    assert supplied(StepName("use"), reads_one, done).held == (Supply(bundle, ("a", "b")),)


def test_the_identity_of_a_value_is_more_than_its_bytes():
    frames = artifact(1, "a", serializer="arrow", meta={"kind": "DataFrame"})
    series = artifact(1, "a", serializer="arrow", meta={"kind": "Series"})

    assert identity(frames) != identity(series)
    assert identity(frames) == identity(replace(frames, preview={"head": [1]}, size=9))
