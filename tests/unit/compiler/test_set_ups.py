"""What sets up a library, the same each time that it runs."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb


def compiled(imports, set_up, use, *, before=""):
    cells = [code(imports, "imports")] if imports else []
    cells += [code(before, "step:before")] if before else []
    cells += [code(set_up, "step:set"), code(use, "step:use"), code("print(1)", "step:other")]
    return compile_notebook(ipynb(cells), path="notebook.ipynb")


SET_UPS = {
    "a call": ("from tqdm.auto import tqdm", "tqdm.pandas()", "import pandas as pd\nprint(pd.Series([1]).progress_apply(str))"),
    "a call with constants": ("import jax", 'jax.config.update("jax_enable_x64", True)', "print(jax.numpy.ones(3))"),
    "a call with what a library has": ("import torch", "torch.set_default_dtype(torch.float64)", "print(torch.ones(3))"),
    "a member": ("import osmnx as ox", "ox.settings.use_cache = True", "print(ox.graph(3))"),
    "a member of a module": ("import plotly.io as pio", 'pio.templates.default = "simple_white"', "import plotly.express as px\nprint(px.line([1]))"),
    "a type of Python's own": ("import pandas as pd\nimport somelib", "somelib.kind = int", "print(somelib.work())"),
    "a negative number": ("import somelib", "somelib.level = -1", "print(somelib.work())"),
}  # fmt: skip


@pytest.mark.parametrize("case", SET_UPS)
def test_it_is_run_again_in_the_steps_that_use_the_library(case):
    imports, set_up, use = SET_UPS[case]

    found = compiled(imports, set_up, use)

    assert found.pipeline is not None, list(found.report)
    program = found.pipeline.steps["use"].program
    assert program.index(set_up) < program.index("print")
    assert set_up not in found.pipeline.steps["other"].program
    assert found.pipeline.steps["set"].program.count(set_up) == 1


@pytest.mark.parametrize(
    "set_up",
    ['multiprocessing.set_start_method("spawn")', "sys.setswitchinterval(1)"],
)
def test_what_python_itself_heeds_is_run_again_in_every_later_step(set_up):
    found = compiled("import multiprocessing, sys, time", set_up, "print(2)", before="print(3)")

    assert found.pipeline is not None
    programs = {name: step.program for name, step in found.pipeline.steps.items()}
    assert {name for name, program in programs.items() if set_up in program} == {
        "set", "use", "other",
    }  # fmt: skip


def test_the_last_of_several_holds_for_the_steps_after_it():
    found = compiled(
        "import somelib",
        "somelib.level = 2",
        "print(somelib.work())",
        before="somelib.level = 1\nprint(somelib.work())",
    )

    assert found.pipeline is not None
    program = found.pipeline.steps["use"].program
    assert program.index("somelib.level = 1") < program.index("somelib.level = 2")
    assert "somelib.level = 2" not in found.pipeline.steps["before"].program


@pytest.mark.parametrize("imports", ["tqdm", "tqdm.auto", "tqdm.notebook"])
def test_one_in_a_shared_cell_is_run_for_the_library_that_it_sets_up(imports):
    cells = [
        code(f"import pandas as pd\nfrom {imports} import tqdm\ntqdm.pandas()", "imports"),
        code("rows = pd.Series([1])", "step:make"),
        code("print(rows.progress_apply(str))", "step:use"),
        code("print(1)", "step:other"),
    ]

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert found.pipeline is not None
    assert "tqdm.pandas()" in found.pipeline.steps["use"].program
    assert "tqdm" not in found.pipeline.steps["other"].program


@pytest.mark.parametrize(
    ("set_up", "rule"),
    [
        ("def prepare():\n    tqdm.pandas()\nprepare()", "FLOW217"),
        ("for level in [1, 2]:\n    somelib.level = 2", "FLOW214"),
        ("somelib.level = []", "FLOW214"),
        ("somelib.level = somelib.level + 1", "FLOW214"),
        ("somelib.level = rows", "FLOW214"),
        ("sqlite3.register_adapter(type(rows), str)", "FLOW217"),
        ("rows = tqdm.pandas(desc=str(rows))", "FLOW217"),
    ],
)
def test_what_may_differ_the_next_time_is_refused(set_up, rule):
    found = compiled(
        "import somelib, sqlite3\nimport pandas as pd\nfrom tqdm import tqdm",
        f"rows = 3\n{set_up}",
        'print(somelib.work(), pd.Series([1]), sqlite3.connect(":memory:"))',
    )

    assert rule in {finding.rule.code for finding in found.report}


def test_a_member_that_is_put_back_is_left_as_it_is():
    found = compiled(
        "import somelib",
        "old = somelib.level\nsomelib.level = 3\nprint(somelib.work())\nsomelib.level = old",
        "print(somelib.work())",
    )

    assert found.pipeline is not None, list(found.report)
    assert "somelib.level" not in found.pipeline.steps["use"].program


def test_a_member_that_is_put_back_in_a_later_step_is_refused():
    found = compiled(
        "import somelib",
        "somelib.level = old",
        "print(somelib.work())",
        before="old = somelib.level\nsomelib.level = 3\nprint(somelib.work())",
    )

    assert "FLOW214" in {finding.rule.code for finding in found.report}


def test_one_that_later_steps_could_not_run_is_refused():
    cells = [
        code("import somelib as lib\nlib.level = 3\nimport otherlib as lib", "step:set"),
        code("import somelib\nprint(somelib.work())", "step:use"),
    ]

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert {finding.rule.code for finding in found.report} & {"FLOW214", "FLOW217"}


def test_a_setting_that_travels_is_not_run_again():
    found = compiled(
        "import pandas as pd", "pd.options.display.max_rows = 5", "print(pd.DataFrame())"
    )

    assert found.pipeline is not None
    assert "max_rows" not in found.pipeline.steps["use"].program


def test_what_a_library_remembers_from_call_to_call_is_refused_in_several_steps():
    call = "print(skimage.segmentation.morphological_chan_vese([[1]], 3))"

    found = compiled("import skimage", call, call)

    assert {finding.rule.code for finding in found.report} == {"FLOW217"}


@pytest.mark.parametrize("role", ["imports", "step:other"])
def test_a_set_up_between_the_cells_of_a_step_is_refused(role):
    cells = [
        code("import somelib", "imports"),
        code("print(somelib.work())", "step:use"),
        code("somelib.level = 3", role),
        code("print(somelib.work())", "step:use"),
    ]

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert {finding.rule.code for finding in found.report} == {"PIPE302"}


@pytest.mark.parametrize("use", ["display(somelib.level)", "isinstance(3, somelib.kind)"])
def test_a_part_of_a_library_that_a_call_is_given_sets_up_nothing(use):
    found = compiled("import somelib", use, "print(somelib.work())")

    assert not found.report.has_errors


def test_a_library_that_is_set_up_while_nothing_is_shown_is_set_up():
    found = compiled(
        "import somelib\nimport matplotlib.pyplot as plt",
        "with plt.ioff():\n    somelib.enable()",
        "print(somelib.work())",
    )

    assert {finding.rule.code for finding in found.report} == {"FLOW217"}


@pytest.mark.parametrize(
    "set_up",
    [
        "pl.Config.restore_defaults()",
        "pl.Config.set_tbl_rows(len(table))",
        "pl.Config().set_tbl_rows(3)",
        "if len(table) > 1:\n    pl.Config.set_tbl_rows(3)",
    ],
)
def test_who_shows_an_object_of_a_library_relies_on_its_set_up(set_up):
    made = "import polars as pl\ntable = pl.DataFrame({'a': [1, 2]})"

    found = compiled(made, set_up, "print(table)")

    assert {finding.rule.code for finding in found.report} == {"FLOW217"}


def test_a_set_up_of_tables_within_a_block_ends_with_it():
    made = "import polars as pl\ntable = pl.DataFrame({'a': [1, 2]})"

    found = compiled(made, "with pl.Config(tbl_rows=3):\n    print(table)", "print(table)")

    assert not found.report.has_errors


def test_the_time_zone_is_set_by_a_variable_that_a_step_may_lack():
    found = compiled("import os, time", "os.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()",
                     "print(time.localtime(0).tm_hour)")  # fmt: skip

    assert "FLOW217" in {finding.rule.code for finding in found.report}


def test_what_is_entered_by_hand_and_not_left_is_handed_on():
    found = compiled("import numpy as np", "strict = np.errstate(divide='raise')\nstrict.__enter__()",
                     "print(np.geterr())")  # fmt: skip

    assert found.pipeline is not None
    assert "state:numpy.errstate" in {port.name for port in found.pipeline.steps["use"].inputs}


@pytest.mark.parametrize(
    ("set_up", "use"),
    [
        ("csv.field_size_limit(100)", "csv.field_size_limit()"),
        ('csv.register_dialect("p", delimiter="|")', "csv.list_dialects()"),
        ("calendar.setfirstweekday(6)", "calendar.month(2020, 1)"),
        ('mimetypes.add_type("a/b", ".ab")', 'mimetypes.guess_type("x.ab")'),
        ('logging.addLevelName(15, "NOTE")', "logging.getLevelName(15)"),
        ("logging.disable(logging.CRITICAL)", 'logging.error("no")'),
        ('logging.getLogger("x").setLevel("INFO")', 'logging.getLogger("x").level'),
    ],
)
def test_a_setting_of_the_standard_library_is_made_again(set_up, use):
    found = compiled("import calendar, csv, logging, mimetypes", set_up, f"print({use})")

    assert found.pipeline is not None, list(found.report)
    assert set_up in found.pipeline.steps["use"].program
    assert set_up not in found.pipeline.steps["other"].program


def test_a_setting_that_a_step_works_out_cannot_be_made_again():
    found = compiled(
        "import csv", "csv.field_size_limit(len(str(3)))", "print(csv.field_size_limit())"
    )

    assert {finding.rule.code for finding in found.report} == {"FLOW217"}
