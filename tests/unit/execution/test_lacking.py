"""A step that lacked a file which the notebook has fails; one that did not goes on."""

import itertools
import time
from dataclasses import replace

import pytest

from cellwright.base.canonical import digest_bytes
from cellwright.execution.attempt import lay_out
from cellwright.execution.lacking import crossing
from cellwright.execution.plan import Due, Supplies
from cellwright.execution.request import WorkFile
from cellwright.execution.scheduler import Scheduler
from cellwright.model.options import StepOptions
from cellwright.model.pipeline import CellRange, FileInput, StepName
from cellwright.model.run import RunId, Sought, State, StepRecord, StepRun
from cellwright.model.source import CellId
from cellwright.store.opening import open_store
from support.pipelines import SPAN, pipeline, request, step, tiny_executor


@pytest.fixture
def run(tmp_path):
    """Run a pipeline in a workspace with some files; each call is a run of its own."""
    folder = tmp_path / ".cellwright"
    for name in ("a.txt", "data/b.csv", "data/.hidden.csv", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    store = open_store(folder)
    count = itertools.count(1)

    def start(*components, given=(), **fields):
        made = pipeline(*components)
        files = {name: tuple(work_file(tmp_path, path) for path in given) for name in made.steps}
        wanted = request(
            tmp_path, made, run=f"20260101-0000{next(count):02d}-abcd", files=files, **fields
        )
        scheduler = Scheduler(
            tiny_executor(folder), store.objects, store.ledger, store.cache, store.claims,
            folder=folder / "tmp",
        )  # fmt: skip
        return scheduler.run(wanted, lambda event: None)

    start.store = store
    yield start
    store.close()


def work_file(root, path):
    return WorkFile(path, root / path, digest_bytes((root / path).read_bytes()))


def looks(path, kind="file", name="load", program="", **fields):
    """Return a step that looks for something, at line 2 of cell 1."""
    sought = [{"kind": kind, "path": path, "cell": 1, "line": 2}]
    return step(name, f"{program}\nFORGED = {{'files_sought': {sought!r}}}", **fields)


def at(component, cell):
    """Return a component whose only cell is that one."""
    return replace(component, cells=(CellRange(CellId(f"c{cell}"), cell, 1, 1),))


@pytest.mark.parametrize(
    ("path", "kind", "lacked"),
    [
        ("a.txt", "file", "a.txt"),
        ("./data/../a.txt", "file", "a.txt"),
        ("data", "file", "data"),
        (".", "folder", "a.txt"),
        ("data", "folder", "data/.hidden.csv"),
        ("data/*.csv", "glob", "data/b.csv"),
        ("**/*.csv", "glob-all", "data/.hidden.csv"),
    ],
)
def test_what_the_workspace_has_and_the_step_looked_for_in_vain_fails_it(run, path, kind, lacked):
    made = run(looks(path, kind))

    failure = made.steps["load"].failure
    assert made.state is State.FAILED
    assert (failure.kind, failure.cell, failure.line) == ("input", 1, 2)
    assert f"`{lacked}`" in failure.message
    assert "the option `files` of step `load`" in failure.hint


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("none.txt", "file"),
        ("/etc/hosts", "file"),
        ("../../etc/hosts", "file"),
        (".git/config", "file"),
        ("none", "folder"),
        ("*.csv", "glob"),
    ],
)
def test_what_is_no_file_of_the_work_may_be_looked_for(run, path, kind):
    assert run(looks(path, kind)).state is State.SUCCEEDED


def test_an_absolute_path_into_the_workspace_counts(run, tmp_path):
    assert run(looks(str(tmp_path / "a.txt"))).state is State.FAILED


@pytest.mark.parametrize(
    ("path", "kind"), [("a.txt", "file"), ("data", "file"), (".", "folder"), ("*.txt", "glob")]
)
def test_what_the_step_was_given_is_not_missed(run, path, kind):
    """It may have removed the file before it asked for it."""
    made = run(looks(path, kind), given=("a.txt", "data/b.csv"))

    assert made.state is State.SUCCEEDED, made.steps


def test_what_the_step_writes_itself_is_not_missed(run):
    options = StepOptions(writes=("a.txt",))

    assert run(looks("a.txt", options=options)).state is State.SUCCEEDED


def test_a_step_that_fails_is_told_of_the_file_that_it_lacked(run):
    made = run(looks("a.txt", program="", name="load"), looks("a.txt", name="other"))
    assert made.state is State.FAILED

    program = "FORGED = {'files_sought': [{'kind': 'file', 'path': 'a.txt', 'cell': 1, 'line': 2}]}"
    made = run(step("load", f"{program}\nopen('a.txt')"))

    failure = made.steps["load"].failure
    assert failure.kind == "exception"
    assert "`a.txt` is looked for in vain" in failure.hint


def test_an_answer_does_not_hold_once_the_file_is_there(run, tmp_path):
    component = looks("later.txt", program="x = 1", makes=("x",))
    assert run(component).state is State.SUCCEEDED
    assert run(component).steps["load"].state is State.CACHED

    (tmp_path / "later.txt").write_text("1")

    assert run(component).steps["load"].state is State.FAILED


WRITES = "open('left.txt', 'w').write('1')"


@pytest.mark.parametrize("order", [(), (("make", "use"),)])
def test_what_an_earlier_step_left_and_a_later_one_looked_for_fails_the_run(run, order):
    make = at(step("make", WRITES), 1)
    use = at(looks("left.txt", name="use"), 2)
    made = pipeline(make, use, order=order)

    ended = run(*made.steps.values())

    assert ended.state is State.FAILED
    (failure,) = [each.failure for each in ended.steps.values() if each.failure]
    assert "step `make` wrote it, but step `use` was not handed it" in failure.message
    assert run(make, use).state is State.FAILED  # answers of the cache are held against it too


@pytest.mark.parametrize(
    "use",
    [
        looks("other.txt", name="use"),
        looks("left.txt", name="use", options=StepOptions(writes=("left.txt",))),
    ],
)
def test_what_a_later_step_does_not_miss_may_be_left(run, use):
    assert run(at(step("make", WRITES), 1), at(use, 2)).state is State.SUCCEEDED


def test_what_a_later_step_leaves_is_nothing_to_an_earlier_one(run):
    made = run(at(step("make", WRITES), 2), at(looks("left.txt", name="use"), 1))

    assert made.state is State.SUCCEEDED, made.steps


def test_a_file_of_the_workspace_that_an_earlier_step_changed_is_not_read_as_it_was(run):
    change = step("change", "open('a.txt', 'w').write('other')")
    read = replace(step("read", "open('a.txt').read()"), files=(FileInput("a.txt", SPAN),))

    made = run(at(change, 1), at(read, 2), given=("a.txt",))

    assert made.state is State.FAILED
    (failure,) = [each.failure for each in made.steps.values() if each.failure]
    assert (
        "`a.txt` is read as it was before: step `change` changed or removed it" in failure.message
    )


@pytest.mark.parametrize(
    ("spoils", "left"),
    [
        ("open('a.txt', 'w').close()", ("a.txt",)),
        ("import os; os.truncate('a.txt', 0)", ("a.txt",)),
        ("import os; os.remove('a.txt')", ("a.txt",)),
        ("import shutil; shutil.rmtree('data')", ("data/b.csv",)),
        ("open('a.txt').read()", ()),
    ],
)
def test_a_file_that_an_earlier_step_emptied_or_removed_is_not_read_as_it_was(run, spoils, left):
    inputs = tuple(FileInput(path, SPAN) for path in ("a.txt", "data/b.csv"))
    read = replace(step("read", "open('a.txt').read()"), files=inputs)

    made = run(at(step("change", spoils), 1), at(read, 2), given=("a.txt", "data/b.csv"))

    failures = [each.failure.message for each in made.steps.values() if each.failure]
    assert run.store.ledger.run(RunId(made.id)).steps["change"].left == left
    assert ["changed or removed it" in each for each in failures] == [True] * len(left)


def test_a_file_that_an_earlier_step_removes_as_its_text_tells_is_not_there_later(run):
    removed = ("file:a.txt",)
    remove = step("remove", "import os; os.remove('a.txt')", makes=removed, maybe=removed)
    use = step("use", "x = 1", reads=removed, maybe=removed)
    none = replace(remove, program="x = 1")

    assert run(at(none, 1), at(use, 2)).state is State.SUCCEEDED  # it was never there
    made = run(at(remove, 1), at(use, 2), given=("a.txt",))

    assert made.state is State.FAILED
    assert "step `remove` removes it" in made.steps["use"].failure.message


MANY = "import os\nos.mkdir('parts')\nfor i in range(1100): open(f'parts/{i}.txt', 'w').close()"


@pytest.mark.parametrize(
    ("use", "state"),
    [
        (looks("parts/5.txt", name="use"), State.FAILED),
        (looks("parts", name="use"), State.FAILED),
        (looks("parts", "folder", name="use"), State.FAILED),
        (looks("parts/1*.txt", "glob", name="use"), State.FAILED),
        (looks("**/5.txt", "glob", name="use"), State.FAILED),
        (replace(step("use", "x = 1"), files=(FileInput("parts/5.txt", SPAN),)), State.FAILED),
        (replace(step("use", "x = 1"), files=(FileInput("*/5.txt", SPAN),)), State.FAILED),
        (looks("other/5.txt", name="use"), State.SUCCEEDED),
        (looks("*.md", "glob", name="use"), State.SUCCEEDED),
    ],
)
def test_of_very_many_files_that_were_left_each_is_missed_as_well(run, use, state):
    made = run(at(step("make", MANY), 1), at(use, 2))

    assert made.state is state, made.steps
    if state is State.FAILED:
        (failure,) = [each.failure for each in made.steps.values() if each.failure]
        assert "step `make`" in failure.message
        assert "files in `parts/`, but step `use` was not handed them" in failure.message


@pytest.mark.parametrize(
    ("left", "pattern", "missed"),
    [
        ("x.csv", "**/*.csv", True),
        ("sub/deep/x.csv", "**/*.csv", True),
        ("sub/x.csv", "*.csv", False),
        ("sub/x.csv", "*", True),  # the folder itself
        ("sub/x.csv", "sub/**", True),
        ("sub/x.csv", "**/deep/*.csv", False),
    ],
)
def test_a_pattern_means_what_it_means_to_the_one_who_looks(run, left, pattern, missed):
    make = step("make", f"import os\nos.makedirs('sub/deep')\nopen({left!r}, 'w').write('1')")

    made = run(at(make, 1), at(looks(pattern, "glob", name="use"), 2))

    assert made.state is (State.FAILED if missed else State.SUCCEEDED), made.steps


def test_a_port_with_a_pattern_is_about_what_it_hands_on_and_no_more(run):
    options = StepOptions(writes=("*.csv",))
    make = step(
        "make", "import os\nos.mkdir('sub')\nopen('sub/x.csv', 'w').write('1')", options=options
    )

    made = run(at(make, 1), at(looks("sub/x.csv", name="use"), 2))

    assert made.state is State.FAILED, made.steps


def test_what_was_looked_for_by_its_whole_path_is_missed_as_well(run, tmp_path):
    made = run(at(step("make", WRITES), 1), at(looks(str(tmp_path / "left.txt"), name="use"), 2))

    assert made.state is State.FAILED, made.steps


def test_very_many_questions_about_very_many_files_are_soon_answered(run):
    made = pipeline(at(step("make", "x = 1"), 1), at(step("use", "x = 1"), 2))
    wanted = request(run.store.root.parent, made)
    left = tuple(f"out/{i}.txt" for i in range(1000))
    sought = tuple(Sought("file", f"q/{i}", 1, 2) for i in range(5000))
    maker = StepRecord(StepRun(StepName("make"), State.SUCCEEDED, left=left))
    user = StepRecord(StepRun(StepName("use"), State.SUCCEEDED, sought=sought))

    begun = time.process_time()
    failure = crossing(user, {StepName("make"): maker}, wanted)

    assert failure is None
    assert time.process_time() - begun < 1  # pair by pair it takes several seconds


def test_what_was_missed_and_left_is_in_the_ledger(run):
    made = run(step("load", f"{WRITES}\nFORGED = {{'files_sought': [], 'files_read': []}}"))

    assert run.store.ledger.run(RunId(made.id)).steps["load"].left == ("left.txt",)


def test_a_file_that_is_only_named_is_the_steps_own_copy(tmp_path):
    (tmp_path / "model.bin").write_text("1")
    file = work_file(tmp_path, "model.bin")
    named = replace(step("load", "x = 1"), named_files=(FileInput("model.bin", SPAN),))
    known = replace(named, files=(FileInput("model.bin", SPAN),))

    for component, copied in ((named, True), (known, False)):
        due = Due(component.step, digest_bytes(b""), (), Supplies((), ()), answers=True)
        wanted = request(tmp_path, pipeline(component), files={component.step: (file,)})
        folder = tmp_path / f"attempt-{copied}"
        attempt = lay_out(due, wanted, None, folder=folder, number=1)

        assert (folder / "work" / "model.bin").exists() is copied
        assert ("work/model.bin" not in attempt.request.mounts) is copied
