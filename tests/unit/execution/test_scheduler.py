import itertools
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from cellwright.base.canonical import digest_bytes
from cellwright.base.errors import MachineError, StoreError, UsageError
from cellwright.execution.request import CacheUse, Limits, WorkFile, stamp_of
from cellwright.execution.scheduler import Scheduler
from cellwright.model.events import PlanMade, RunFinished, StepFinished, StepStarted
from cellwright.model.options import MetricOption, StepOptions
from cellwright.model.pipeline import Environment, StepKind
from cellwright.model.run import RunId, State
from cellwright.store.opening import open_store
from support.pipelines import HERE, pipeline, request, step, tiny_executor


class Bench:
    """A workspace with a store, an executor, and a count of the runs made in it."""

    def __init__(self, root):
        self.root = root
        self.folder = root / ".cellwright"
        self.store = open_store(self.folder)
        self.executor = tiny_executor(self.folder)
        self.events = []
        self._numbers = itertools.count(1)

    def scheduler(self, **options):
        store = self.store
        return Scheduler(
            options.pop("executor", self.executor),
            store.objects,
            store.ledger,
            store.cache,
            store.claims,
            folder=self.folder / "tmp",
            **options,
        )

    def run(self, made, *, emit=None, cancel=None, scheduler=None, **fields):
        self.events.clear()
        wanted = request(
            self.root, made, run=f"20260101-0000{next(self._numbers):02d}-abcd", **fields
        )

        def both(event):
            self.events.append(event)
            if emit is not None:
                emit(event)

        with self.store.leases.hold(wanted.id):
            return (scheduler or self.scheduler()).run(wanted, both, cancel)

    def value(self, run, name, port):
        import json

        return json.loads(self.store.objects.read(run.steps[name].outputs[port]))

    def started(self):
        return [event.step for event in self.events if isinstance(event, StepStarted)]


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.store.close()


def states(run):
    return {name: record.state.value for name, record in run.steps.items()}


def failure(run, name):
    return run.steps[name].failure


def diamond(*, second="b = a + 1"):
    return pipeline(
        step("load", "a = 1", makes=("a",)),
        step("left", second, reads=("a",), makes=("b",)),
        step("right", "c = a * 10", reads=("a",), makes=("c",)),
        step("join", "d = b + c", reads=("b", "c"), makes=("d",)),
    )


def test_values_flow_along_the_edges(bench):
    run = bench.run(diamond())

    assert run.state is State.SUCCEEDED
    assert set(states(run).values()) == {"succeeded"}
    assert bench.value(run, "join", "d") == 12
    assert list(run.steps) == ["load", "left", "right", "join"]


def test_events_tell_the_run_from_plan_to_end(bench):
    bench.run(diamond())

    assert isinstance(bench.events[0], PlanMade)
    assert isinstance(bench.events[-1], RunFinished)
    finished = [event.step for event in bench.events if isinstance(event, StepFinished)]
    assert sorted(finished) == ["join", "left", "load", "right"]
    assert sorted(bench.started()) == ["join", "left", "load", "right"]


def test_the_plan_says_what_is_known_of_the_steps_before_anything_runs(bench):
    bench.run(diamond())
    first = bench.events[0]

    bench.run(diamond(second="b = 4 - 2  # another way to two"))

    assert (first.cached, first.undecided) == ((), ("left", "right", "join"))
    assert bench.events[0].cached == ("load", "right")
    assert bench.events[0].undecided == ("join",)


def test_the_plan_of_a_run_without_the_cache_leaves_nothing_open(bench):
    bench.run(diamond())

    bench.run(diamond(), cache=CacheUse.REFRESH)

    assert (bench.events[0].cached, bench.events[0].undecided) == ((), ())


def test_what_is_returned_is_what_is_recorded(bench):
    run = bench.run(diamond())

    recorded = bench.store.ledger.run(run.id)

    assert recorded == run


def test_nothing_changed_runs_nothing(bench):
    first = bench.run(diamond())

    second = bench.run(diamond())

    assert set(states(second).values()) == {"cached"}
    assert bench.started() == []
    assert second.state is State.SUCCEEDED
    assert {n: s.outputs for n, s in second.steps.items()} == {
        n: s.outputs for n, s in first.steps.items()
    }
    assert second.steps["join"].source_run == first.id
    assert bench.store.ledger.run(second.id) == second


def test_a_step_that_gives_the_same_bytes_wakes_nobody(bench):
    bench.run(diamond())

    run = bench.run(diamond(second="b = 4 - 2  # another way to two"))

    assert states(run) == {
        "load": "cached", "left": "succeeded", "right": "cached", "join": "cached",
    }  # fmt: skip


def test_a_step_that_gives_other_bytes_wakes_those_who_read_them(bench):
    bench.run(diamond())

    run = bench.run(diamond(second="b = a + 2"))

    assert states(run) == {
        "load": "cached", "left": "succeeded", "right": "cached", "join": "succeeded",
    }  # fmt: skip
    assert bench.value(run, "join", "d") == 13


def test_a_renamed_step_is_still_answered(bench):
    bench.run(pipeline(step("old", "a = 1", makes=("a",))))

    run = bench.run(pipeline(step("new", "a = 1", makes=("a",))))

    assert states(run) == {"new": "cached"}


def test_a_parameter_reruns_the_steps_that_use_it(bench):
    made = pipeline(
        step("load", "a = 5", makes=("a",)),
        step("scale", "b = a * factor", reads=("a",), makes=("b",), parameters=("factor",)),
    )
    bench.run(made)

    run = bench.run(made, parameters={"factor": "3"})

    assert states(run) == {"load": "cached", "scale": "succeeded"}
    assert bench.value(run, "scale", "b") == 15


def test_no_cache_executes_all_and_answers_the_next_run(bench):
    bench.run(diamond())

    again = bench.run(diamond(), cache=CacheUse.REFRESH)
    after = bench.run(diamond())

    assert set(states(again).values()) == {"succeeded"}
    assert after.steps["load"].source_run == again.id


@pytest.mark.parametrize(
    ("uncacheable", "mode", "expected"),
    [
        ("reads the clock", "auto", "succeeded"),
        ("reads the clock", "always", "cached"),
        ("", "never", "succeeded"),
        ("", "auto", "cached"),
    ],
)
def test_what_may_differ_each_time_is_not_answered(bench, uncacheable, mode, expected):
    made = pipeline(
        step(
            "load", "a = 1", makes=("a",), uncacheable=uncacheable, options=StepOptions(cache=mode)
        )
    )
    first = bench.run(made)

    second = bench.run(made)

    assert states(second) == {"load": expected}
    assert second.steps["load"].outputs == first.steps["load"].outputs


def test_a_failed_step_skips_what_depends_on_it_and_nothing_else(bench):
    made = pipeline(
        step("load", "a = 1", makes=("a",)),
        step("bad", "b = a / 0", reads=("a",), makes=("b",)),
        step("after", "c = b", reads=("b",), makes=("c",)),
        step("far", "d = c", reads=("c",), makes=("d",)),
        step("other", "e = a + 1", reads=("a",), makes=("e",)),
    )

    run = bench.run(made)

    assert run.state is State.FAILED
    assert states(run) == {
        "load": "succeeded", "bad": "failed", "after": "skipped", "far": "skipped",
        "other": "succeeded",
    }  # fmt: skip
    assert failure(run, "bad").message == "ZeroDivisionError: division by zero"
    assert failure(run, "bad").cell == 1
    told = {e.step: e.message for e in bench.events if isinstance(e, StepFinished)}
    assert told["after"] == "bad failed"
    assert told["bad"] == "cell 1: ZeroDivisionError: division by zero"
    assert bench.store.ledger.run(run.id) == run


def test_a_failed_step_runs_again_and_the_finished_ones_are_kept(bench):
    flag = bench.root / "mended"
    made = pipeline(
        step("load", "a = 1", makes=("a",)),
        step("bad", f"import os\nb = {{True: a}}[os.path.exists({str(flag)!r})]",
             reads=("a",), makes=("b",)),
    )  # fmt: skip
    bench.run(made)
    flag.touch()

    run = bench.run(made)

    assert states(run) == {"load": "cached", "bad": "succeeded"}


def test_a_failed_check_skips_what_it_guards(bench):
    made = pipeline(
        step("load", "a = 1", makes=("a",)),
        step("check", "assert a > 5", reads=("a",), kind=StepKind.CHECK),
        step("train", "b = a", reads=("a",), makes=("b",)),
        order=(("check", "train"),),
    )

    run = bench.run(made)

    assert states(run) == {"load": "succeeded", "check": "failed", "train": "skipped"}


def test_an_unbound_optional_port_stays_unbound(bench):
    made = pipeline(
        step("load", "pass", makes=("a",), maybe=("a",)),
        step("use", "b = 'a' in globals()", reads=("a",), makes=("b",), maybe=("a",)),
    )

    run = bench.run(made)

    assert run.steps["load"].absent == ("a",)
    assert bench.value(run, "use", "b") is False
    assert states(bench.run(made)) == {"load": "cached", "use": "cached"}


def test_an_output_that_is_missing_fails_the_step(bench):
    run = bench.run(pipeline(step("load", "pass", makes=("a",))))

    assert failure(run, "load").kind == "output"
    assert "`a`" in failure(run, "load").message


@pytest.mark.parametrize(
    ("program", "kind", "words"),
    [
        ("a = 1\nFORGED = {'nonce': 'x'}", "output", "not of this attempt"),
        ("a = 1\nFORGED = {'artifacts': 3}", "output", "cannot be read"),
        ("a = 1\nFORGED = {'format': 99}", "output", "format 99"),
        ("a = 1\nSILENT = 1", "exit", "exit code 0"),
        ("import os\nos._exit(0)", "exit", "exit code 0"),
        ("import os\nos.kill(os.getpid(), 11)", "killed", "SIGSEGV"),
    ],
)
def test_only_a_whole_and_true_manifest_makes_a_success(bench, program, kind, words):
    run = bench.run(pipeline(step("load", program, makes=("a",))))

    assert failure(run, "load").kind == kind
    assert words in failure(run, "load").message
    assert states(bench.run(pipeline(step("load", program, makes=("a",))))) == {"load": "failed"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("{'path': '../spec.json'}", "not inside outputs"),
        ("{'path': 'outputs/../spec.json'}", "not inside outputs"),
        ("{'path': '/etc/passwd'}", "not inside outputs"),
        ("{'digest': 'sha256:' + '0' * 64}", "should be"),
        ("{'digest': 'nonsense'}", "should be"),
        ("{'size': 1}", "bytes"),
        ("{'members': ['b']}", "no output"),
        ("{'members': ['a', 'a']}", "twice"),
        ("{'path': 'outputs/none'}", "missing"),
    ],
)
def test_an_artifact_that_is_not_what_the_manifest_says_is_refused(bench, change, words):
    program = f"""\
import hashlib, os
open(os.path.join(ATTEMPT, "outputs", "x"), "wb").write(b"123")
FORGED = {{"artifacts": [{{"path": "outputs/x", "digest": "sha256:" + hashlib.sha256(b"123").hexdigest(),
    "size": 3, "serializer": "json", "members": ["a"], **{change}}}]}}
a = 1
"""
    run = bench.run(pipeline(step("load", program, makes=("a",))))

    assert failure(run, "load").kind == "output"
    assert words in failure(run, "load").message


def test_links_out_of_the_attempt_are_not_followed(bench):
    secret = bench.root / "secret.txt"
    secret.write_text("private")
    program = f"""\
import hashlib, os
os.symlink({str(secret)!r}, os.path.join(ATTEMPT, "outputs", "x"))
os.rename(os.path.join(ATTEMPT, "logs"), os.path.join(ATTEMPT, "was"))
os.symlink({str(bench.root)!r}, os.path.join(ATTEMPT, "logs"))
FORGED = {{"artifacts": [{{"path": "outputs/x", "digest": "sha256:" + hashlib.sha256(b"private").hexdigest(),
    "size": 7, "serializer": "json", "members": ["a"]}}]}}
a = 1
"""
    (bench.root / "log").write_text("not a log")

    run = bench.run(pipeline(step("load", program, makes=("a",))))

    assert failure(run, "load").kind == "output"
    assert run.steps["load"].log is None
    assert secret.read_text() == "private"
    assert not bench.store.objects.has(digest_bytes(b"private"))


def test_a_linked_outputs_folder_takes_nothing_from_the_host(bench):
    treasure = bench.root / "treasure"
    treasure.mkdir()
    (treasure / "x").write_text("mine")
    program = f"""\
import hashlib, os, shutil
shutil.rmtree(os.path.join(ATTEMPT, "outputs"))
os.symlink({str(treasure)!r}, os.path.join(ATTEMPT, "outputs"))
FORGED = {{"artifacts": [{{"path": "outputs/x", "digest": "sha256:" + hashlib.sha256(b"mine").hexdigest(),
    "size": 4, "serializer": "json", "members": ["a"]}}]}}
"""
    run = bench.run(pipeline(step("load", program, makes=("a",), maybe=("a",))))

    assert failure(run, "load").kind == "output"
    assert (treasure / "x").read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        (MetricOption(minimum=0.9), "0.5", "metric accuracy is 0.5, its minimum is 0.9"),
        (MetricOption(maximum=0.1), "0.5", "metric accuracy is 0.5, its maximum is 0.1"),
        (MetricOption(minimum=0.9), "float('nan')", "metric accuracy is nan"),
    ],
)
def test_a_metric_beyond_its_threshold_fails_the_step(bench, option, value, words):
    made = pipeline(
        step("test", f"accuracy = {value}", metrics=("accuracy",),
             options=StepOptions(metrics={"accuracy": option})),
    )  # fmt: skip

    run = bench.run(made)

    assert failure(run, "test").kind == "metric"
    assert words in failure(run, "test").message


def test_a_threshold_is_asked_of_an_answered_step_too(bench):
    def made(minimum):
        options = StepOptions(metrics={"accuracy": MetricOption(minimum=minimum)})
        return pipeline(step("test", "accuracy = 0.5", metrics=("accuracy",), options=options))

    bench.run(made(0.4))

    run = bench.run(made(0.6))

    assert states(run) == {"test": "failed"}
    assert bench.started() == []
    assert states(bench.run(made(0.5))) == {"test": "cached"}


def test_only_the_wanted_steps_and_what_they_need_run(bench):
    run = bench.run(diamond(), steps=("left",))

    assert states(run) == {"load": "succeeded", "left": "succeeded"}


def test_a_wanted_step_that_is_not_there_is_the_users_mistake(bench):
    with pytest.raises(UsageError, match="no step is called `rigth`"):
        bench.run(diamond(), steps=("rigth",))


def test_a_step_that_fails_by_chance_is_tried_again(bench):
    marks = bench.root / "marks"
    program = (
        f"open({str(marks)!r}, 'a').write('x')\na = {{2: 1}}[len(open({str(marks)!r}).read())]"
    )
    made = pipeline(step("load", program, makes=("a",), options=StepOptions(retries=2)))

    run = bench.run(made)

    assert states(run) == {"load": "succeeded"}
    assert run.steps["load"].attempt == 2
    assert [e.attempt for e in bench.events if isinstance(e, StepStarted)] == [1, 2]
    assert len([e for e in bench.events if isinstance(e, StepFinished)]) == 1
    assert bench.store.ledger.run(run.id) == run


def test_retries_end(bench):
    made = pipeline(step("load", "1 / 0", options=StepOptions(retries=1)))

    run = bench.run(made)

    assert states(run) == {"load": "failed"}
    assert run.steps["load"].attempt == 2


def test_a_step_that_takes_too_long_is_stopped(bench):
    program = "import time\ntime.sleep(60)"
    made = pipeline(step("slow", program), step("quick", "a = 1", makes=("a",)))
    begun = time.monotonic()

    run = bench.run(made, limits=Limits(timeout=0.7))

    assert time.monotonic() - begun < 15
    assert states(run) == {"slow": "failed", "quick": "succeeded"}
    assert failure(run, "slow").kind == "timeout"
    assert "0.7 s" in failure(run, "slow").message


def test_independent_steps_run_at_the_same_time(bench):
    program = """\
import os, time
open({0!r}, "w").close()
until = time.monotonic() + 20
while not os.path.exists({1!r}):
    assert time.monotonic() < until
    time.sleep(0.01)
"""
    one, two = str(bench.root / "one"), str(bench.root / "two")
    made = pipeline(
        step("first", program.format(one, two)), step("second", program.format(two, one))
    )

    run = bench.run(made, scheduler=bench.scheduler(parallel=2))

    assert run.state is State.SUCCEEDED


def test_no_more_steps_run_at_once_than_allowed(bench):
    shared = bench.root / "running"
    shared.mkdir()
    program = f"""\
import os, time
mark = os.path.join({str(shared)!r}, SPEC["step"])
open(mark, "w").close()
time.sleep(0.15)
assert len(os.listdir({str(shared)!r})) == 1
os.unlink(mark)
"""
    made = pipeline(*(step(f"s{n}", program + f"# {n}") for n in range(4)))

    run = bench.run(made, scheduler=bench.scheduler(parallel=1))

    assert run.state is State.SUCCEEDED


def sleeper(marks, name):
    return step(
        name,
        f"import os, time\nopen(os.path.join({str(marks)!r}, {name!r}), 'w').write(str(os.getpid()))\n"
        "time.sleep(120)",
        makes=(name,),
        maybe=(name,),
    )


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_a_cancelled_run_leaves_nothing_running_and_keeps_what_finished(bench):
    marks = bench.root / "marks"
    marks.mkdir()
    made = pipeline(
        step("load", "a = 1", makes=("a",)),
        sleeper(marks, "one"),
        sleeper(marks, "two"),
        step("after", "b = 1", reads=("one",), maybe=("one",), makes=("b",)),
    )
    cancel = threading.Event()

    def watch():
        until = time.monotonic() + 30
        while time.monotonic() < until and len(os.listdir(marks)) < 2:
            time.sleep(0.02)
        cancel.set()

    threading.Thread(target=watch).start()

    run = bench.run(made, cancel=cancel, scheduler=bench.scheduler(parallel=3))

    assert run.state is State.CANCELLED
    assert states(run) == {
        "load": "succeeded", "one": "cancelled", "two": "cancelled", "after": "cancelled",
    }  # fmt: skip
    pids = [int((marks / name).read_text()) for name in ("one", "two")]
    assert not any(alive(pid) for pid in pids)
    assert bench.store.ledger.run(run.id) == run
    assert list((bench.folder / "tmp").glob("2026*")) == []
    assert states(bench.run(made, steps=("load",))) == {"load": "cached"}


def test_ctrl_c_cancels_instead_of_raising(bench):
    marks = bench.root / "marks"
    marks.mkdir()

    def impatient():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    def interrupt(event):
        if isinstance(event, StepStarted):
            threading.Timer(0.3, impatient).start()

    before = signal.getsignal(signal.SIGINT)
    run = bench.run(pipeline(sleeper(marks, "one")), emit=interrupt)

    assert run.state is State.CANCELLED
    assert failure(run, "one").kind == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_damaged_object_is_made_again_without_a_word(bench):
    first = bench.run(diamond())
    place = bench.store.objects.path(first.steps["left"].outputs["b"])
    os.chmod(place, 0o644)
    place.write_bytes(b"7")
    os.utime(place, (0, 0))

    run = bench.run(diamond())

    assert states(run) == {
        "load": "cached", "left": "succeeded", "right": "cached", "join": "cached",
    }  # fmt: skip
    assert bench.value(run, "join", "d") == 12


def test_a_missing_object_is_made_again_without_a_word(bench):
    first = bench.run(diamond())
    bench.store.objects.path(first.steps["load"].outputs["a"]).unlink()

    run = bench.run(diamond())

    assert states(run)["load"] == "succeeded"
    assert states(run)["left"] == "cached"


def test_two_runs_at_once_execute_a_step_once(bench):
    marks = bench.root / "marks"
    program = f"import time\nopen({str(marks)!r}, 'a').write('x')\ntime.sleep(0.6)\na = 1"
    made = pipeline(step("load", program, makes=("a",)))
    runs = []

    def one(number):
        with open_store(bench.folder) as store:
            scheduler = Scheduler(
                bench.executor, store.objects, store.ledger, store.cache, store.claims,
                folder=bench.folder / "tmp",
            )  # fmt: skip
            wanted = request(bench.root, made, run=f"20260202-00000{number}-abcd")
            runs.append(scheduler.run(wanted, lambda event: None))

    threads = [threading.Thread(target=one, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert marks.read_text() == "x"
    assert sorted(run.steps["load"].state.value for run in runs) == ["cached", "succeeded"]


def test_a_file_of_the_work_is_seen_and_is_part_of_the_key(bench):
    data = bench.root / "data.csv"
    made = pipeline(step("load", "a = open('data.csv').read()", makes=("a",)))

    def files(text):
        data.write_text(text)
        file = WorkFile("data.csv", data, digest_bytes(text.encode()), stamp_of(data))
        return {"load": (file,)}

    bench.run(made, files=files("1"))

    assert states(bench.run(made, files=files("1"))) == {"load": "cached"}
    run = bench.run(made, files=files("2"))
    assert states(run) == {"load": "succeeded"}
    assert bench.value(run, "load", "a") == "2"


def test_a_file_above_the_notebook_is_found_by_its_own_path(bench):
    deep = bench.root / "project" / "notebooks"
    deep.mkdir(parents=True)
    data = bench.root / "project" / "data" / "x.csv"
    data.parent.mkdir()
    data.write_text("7")
    made = pipeline(
        step("load", "import os\na = open('../data/x.csv').read()\nb = os.path.basename(os.getcwd())",
             makes=("a", "b")),
    )  # fmt: skip
    file = WorkFile("../data/x.csv", data, digest_bytes(b"7"), stamp_of(data))

    run = bench.run(made, notebook_path="project/notebooks/n.ipynb", files={"load": (file,)})

    assert states(run) == {"load": "succeeded"}
    assert (bench.value(run, "load", "a"), bench.value(run, "load", "b")) == ("7", "notebooks")


def test_a_file_that_changes_while_it_is_read_fails_the_step(bench):
    data = bench.root / "data.csv"
    data.write_text("1")
    made = pipeline(step("load", f"a = 1\nopen({str(data)!r}, 'w').write('2')", makes=("a",)))
    file = WorkFile("data.csv", data, digest_bytes(b"1"), stamp_of(data))

    run = bench.run(made, files={"load": (file,)})

    assert failure(run, "load").kind == "input"
    assert "data.csv changed" in failure(run, "load").message


def test_a_result_of_files_read_behind_our_back_answers_nothing(bench):
    hidden = bench.root / "hidden.csv"
    hidden.write_text("1")
    program = f"a = open({str(hidden)!r}).read()\nFORGED = {{'files_read': [{str(hidden)!r}]}}"
    made = pipeline(step("load", program, makes=("a",)))
    bench.run(made)
    hidden.write_text("2")

    run = bench.run(made)

    assert states(run) == {"load": "succeeded"}
    assert bench.value(run, "load", "a") == "2"


def test_what_a_step_prints_is_kept(bench):
    run = bench.run(pipeline(step("load", "print('hello')")))

    assert bench.store.objects.read(run.steps["load"].log) == b"hello\n"


def test_the_folders_of_attempts_are_removed(bench):
    bench.run(diamond())

    assert list((bench.folder / "tmp").glob("2026*")) == []


def test_the_folder_of_a_failed_attempt_is_kept_on_request(bench):
    made = pipeline(step("good", "a = 1", makes=("a",)), step("bad", "1 / 0"))

    run = bench.run(made, scheduler=bench.scheduler(keep=True))
    bench.store.recover()

    kept = bench.folder / "tmp" / f"{run.id}.kept"
    assert [path.name for path in kept.iterdir()] == ["002-1"]
    assert (kept / "002-1" / "program.py").read_text() == "1 / 0"


class Refusing:
    """An executor whose environment with `lock` cannot be made."""

    def __init__(self, inner, lock):
        self._inner = inner
        self._lock = lock
        self.prepared = []
        self.name = inner.name

    def identity(self, environment):
        return self._inner.identity(environment)

    def prepare(self, environment, say):
        self.prepared.append(environment.lock)
        say("working")
        if environment.lock == self._lock:
            raise MachineError("no such distribution", hint="spell it right")
        return True

    def start(self, request):
        return self._inner.start(request)


def test_environments_are_made_once_each_and_a_bad_one_fails_its_steps(bench):
    other = Environment(**{**{f: getattr(HERE, f) for f in HERE.__slots__}, "lock": "bad==1"})
    made = diamond()
    environments = {"load": HERE, "left": HERE, "right": other, "join": HERE}
    executor = Refusing(bench.executor, "bad==1")

    run = bench.run(made, environments=environments, scheduler=bench.scheduler(executor=executor))

    assert states(run) == {
        "load": "succeeded", "left": "succeeded", "right": "failed", "join": "skipped",
    }  # fmt: skip
    assert failure(run, "right").kind == "machine"
    assert failure(run, "right").hint == "spell it right"
    assert sorted(executor.prepared) == ["", "bad==1"]


def test_an_environment_that_nobody_can_have_fails_the_first_step_and_skips_the_rest(bench):
    executor = Refusing(bench.executor, HERE.lock)

    run = bench.run(diamond(), scheduler=bench.scheduler(executor=executor))

    assert states(run) == {
        "load": "failed", "left": "skipped", "right": "skipped", "join": "skipped",
    }  # fmt: skip
    assert run.state is State.FAILED


def test_a_store_that_cannot_be_written_ends_the_run_and_its_steps(bench, monkeypatch):
    marks = bench.root / "marks"
    marks.mkdir()

    def broken(run, records):
        raise StoreError("the disk is full")

    monkeypatch.setattr(bench.store.ledger, "record_steps", broken)
    made = pipeline(step("load", "a = 1", makes=("a",)), sleeper(marks, "one"))

    with pytest.raises(StoreError, match="disk is full"):
        bench.run(made, scheduler=bench.scheduler(parallel=2))

    assert not any(alive(int(path.read_text())) for path in marks.iterdir())
    assert bench.store.ledger.unfinished() == ()


def test_a_run_of_a_dead_process_is_closed_at_the_next_start(bench):
    import subprocess
    import sys

    marks = bench.root / "marks"
    marks.mkdir()
    code = f"""
import sys
sys.path[:0] = {[*sys.path]!r}
from pathlib import Path
from cellwright.execution.scheduler import Scheduler
from cellwright.store.opening import open_store
from support.pipelines import pipeline, request, step, tiny_executor
root = Path({str(bench.root)!r})
made = pipeline(
    step("load", "a = 1", makes=("a",)),
    step("wait", "import time, os\\nopen({str(marks / "m")!r}, 'w').close()\\ntime.sleep(5)", reads=("a",)),
)
store = open_store(root / ".cellwright")
wanted = request(root, made, run="20260303-000000-abcd")
with store.leases.hold(wanted.id):
    Scheduler(tiny_executor(root / ".cellwright"), store.objects, store.ledger, store.cache,
              store.claims, folder=root / ".cellwright" / "tmp").run(wanted, lambda e: None)
"""
    child = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 60
    while not (marks / "m").exists():
        assert time.monotonic() < until
        assert child.poll() is None
        time.sleep(0.05)
    run = RunId("20260303-000000-abcd")
    assert bench.store.leases.owner(run).pid == child.pid
    assert bench.store.recover() == ()
    child.kill()
    child.wait()
    bench.executor.reap()

    assert bench.store.recover() == (run,)

    closed = bench.store.ledger.run(run)
    assert closed.state is State.CANCELLED
    assert states(closed) == {"load": "succeeded", "wait": "cancelled"}
    assert closed.steps["wait"].failure.kind == "interrupted"
    assert list((bench.folder / "tmp").glob("2026*")) == []
