"""Files that a step reads: found in its text, or missed with a clear word; never in silence."""

import json

import pytest

from support.cli import cellwright, write_notebook

HERE = ("--executor", "process", "--environment", "current")
LETTERS = "From anna Thu Jan  1 00:00:00 2026\nFrom: anna\nSubject: hello\n\nDear all\n"
COUNT = "import mailbox\nsubjects = [each['Subject'] for each in mailbox.mbox({name})]"
SHOW = ("step:show", "print(len(subjects), 'letters')")
SPELLED = "'x'.join('ab') + '.txt'.lower()"
READS_OR_NOT = f"""\
other = {SPELLED}
try:
    text = open(other).read()
except OSError:
    text = 'none'
print(text)"""
HIDDEN = "''.join(reversed('xobm.srettel'))"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "letters.mbox").write_text(LETTERS)
    (tmp_path / "notes.txt").write_text("one\n")
    return tmp_path


def test_a_file_whose_name_goes_to_code_that_is_not_known_is_there(folder):
    reads = "import tokenize\nwith tokenize.open('notes.txt') as notes:\n    text = notes.read()"
    path = write_notebook(
        folder / "known.ipynb",
        ("step:read", f"{COUNT.format(name=repr('letters.mbox'))}\n{reads}"),
        ("step:show", "print(subjects, text)"),
    )

    said = cellwright("verify", path, *HERE, "--json", folder=folder)

    assert said.json()["verdict"] == "equal"
    run = cellwright("run", path, *HERE, "--json", folder=folder).json()
    assert run["steps"]["show"]["stdout"] == "['hello'] one\n\n"


@pytest.mark.parametrize(
    "reads",
    [
        "import tokenize\ntext = str(tokenize.untokenize([(1, 'data')]))",
        "import os\ntext = sorted(name for _, _, names in os.walk('data') for name in names)",
    ],
)
def test_a_folder_that_a_step_is_given_stays_as_it_was(folder, reads):
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "deep" / "a.csv").write_text("1\n")
    path = write_notebook(
        folder / "folder.ipynb", ("step:read", reads), ("step:show", "print(text)")
    )

    assert cellwright("verify", path, *HERE, "--json", folder=folder).json()["verdict"] == "equal"


def test_a_name_that_only_a_run_tells_is_a_failure_with_its_place(folder):
    path = write_notebook(folder / "hidden.ipynb", ("step:read", COUNT.format(name=HIDDEN)), SHOW)

    said = cellwright("run", path, *HERE, folder=folder)

    assert said.code != 0
    told = " ".join((said.out + said.err).split())
    assert "step `read` in cell 1, line 2: `letters.mbox` is looked for in vain" in told
    assert "declare it in the option `files` of step `read`" in told
    assert cellwright("verify", path, *HERE, folder=folder).code != 0


def test_it_runs_once_it_is_declared(folder):
    path = write_notebook(folder / "declared.ipynb", ("step:read", COUNT.format(name=HIDDEN)), SHOW)
    document = json.loads(path.read_text())
    document["cells"][0]["metadata"]["cellwright"] = {"files": ["letters.mbox"]}
    path.write_text(json.dumps(document))

    assert cellwright("verify", path, *HERE, "--json", folder=folder).json()["verdict"] == "equal"


def test_a_file_that_an_earlier_step_left_is_not_missed_in_silence(folder):
    path = write_notebook(
        folder / "left.ipynb",
        ("step:write", f"name = {SPELLED}\nopen(name, 'w').write('1')\nn = 1"),
        ("step:read", READS_OR_NOT),
    )

    said = cellwright("run", path, *HERE, folder=folder)

    assert said.code != 0
    told = " ".join((said.out + said.err).split())
    assert "`axb.txt` is looked for in vain: step `write` wrote it" in told
