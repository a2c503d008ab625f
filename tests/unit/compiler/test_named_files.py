"""Texts given to code that is not known: each may be the name of a file."""

import pytest

from cellwright.compiler.driver import compile_notebook
from cellwright.model.pipeline import Component, Pipeline
from support.notebooks import code, ipynb


def pipeline_of(*sources: str) -> Pipeline:
    cells = [code(source, f"step:s{number}") for number, source in enumerate(sources)]
    pipeline = compile_notebook(ipynb(cells), path="notebook.ipynb").pipeline
    assert pipeline is not None
    return pipeline


def step_of(source: str) -> Component:
    (step,) = pipeline_of(source).steps.values()
    return step


def named(source: str) -> set[str]:
    return {file.pattern for file in step_of(source).named_files}


def read(source: str) -> set[str]:
    return {file.pattern for file in step_of(source).files}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import new\nnew.load('model')", {"model"}),
        ("import new\nnew.load(path='a.bin')", {"a.bin"}),
        ("import new\nnew.load(['a.bin', 'b.bin'])", {"a.bin", "b.bin"}),
        ("import new\nnew.load({'data': 'a.bin'})", {"a.bin"}),
        ("import new\nfrom pathlib import Path\nnew.load(Path('d') / 'a.bin')", {"d/a.bin"}),
        ("import new\nnew.Model().load('a.bin')", {"a.bin"}),
        ("import new\nfor n in range(3):\n    new.load(f'part_{n}.bin')", {"part_*.bin"}),
        ("def load(name):\n    import new\n    return new.load(name)\nload('a.bin')", {"a.bin"}),
        ("import new\nclass Mine(new.Base): pass\nMine().load('a.bin')", {"a.bin"}),
        ("import skimage.data\nskimage.data.load('a.png')", {"a.png"}),
    ],
)
def test_a_text_given_to_unknown_code_may_name_a_file(source, expected):
    assert expected <= named(source)


@pytest.mark.parametrize(
    "source",
    [
        "import new\nnew.load('.')",
        "import new\nnew.load('')",
        "import new\nnew.load('https://example.org/a.bin')",
        "import new\nnew.load('one\\ntwo')",
        "import new\nx = len(str(new))\nnew.show(f'{x} rows')",
        "import math\nmath.sqrt(2)\nprint('a.bin')",
        "import pandas as pd\npd.DataFrame({'a.b': [1]}).groupby('a.b').sum()",
    ],
)
def test_what_names_no_file_is_left_out(source):
    assert named(source) == set()


def test_a_file_that_is_known_to_be_read_is_not_named_besides():
    step = step_of("import new\nopen('a.bin').read()\nnew.load('a.bin')")

    assert {file.pattern for file in step.files} == {"a.bin"}
    assert step.named_files == ()


def test_a_path_by_an_unusual_keyword_is_found():
    assert named("import numpy as np\nnp.load(filename='a.npy')") == {"a.npy"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import mailbox\nmailbox.Maildir('mail')", "mail"),
        ("import shelve\nshelve.open('shelf')", "shelf*"),
        ("import dbm\ndbm.open('table')", "table*"),
        ("import wave\nwave.open('a.wav')", "a.wav"),
        ("import gzip\ngzip.GzipFile('a.gz')", "a.gz"),
        ("import zipfile\nzipfile.ZipFile('n.zip', 'w').write('a.txt')", "a.txt"),
        ("import xml.dom.minidom\nxml.dom.minidom.parse('a.xml')", "a.xml"),
        ("import os\nos.path.getctime('a.txt')", "a.txt"),
        ("import os\nos.listdir()", "*"),
        ("import os\nlist(os.walk('d'))", "d/*"),
        ("import glob\nglob.glob(pathname='d/*.csv')", "d/*.csv"),
        ("from dotenv import load_dotenv\nload_dotenv()", ".env"),
        ("from dotenv import load_dotenv\nload_dotenv('other.env')", "other.env"),
        ("import networkx as nx\nnx.read_adjlist('a.adj')", "a.adj"),
        ("import cv2\ncv2.VideoCapture('a.mp4')", "a.mp4"),
        ("import h5py\nh5py.File('a.h5', 'r')", "a.h5"),
        ("import xarray as xr\nxr.open_dataset('a.nc')", "a.nc"),
        ("import imageio.v3 as iio\niio.imread('a.png')", "a.png"),
        ("import numpy as np\nnp.memmap('a.dat')", "a.dat"),
    ],
)
def test_readers_are_known(source, expected):
    assert expected in read(source)


def test_what_unknown_code_may_have_written_is_handed_to_who_reads_it():
    pipeline = pipeline_of(
        "import new\nnew.save('model.bin')", "open('model.bin', 'rb').read()", "1 + 1"
    )

    assert [(e.producer, e.consumer, e.port) for e in pipeline.edges] == [
        ("s0", "s1", "file:model.bin")
    ]


def test_unknown_code_is_handed_what_an_earlier_step_wrote():
    pipeline = pipeline_of("open('out/a.bin', 'w').write('a')", "import new\nnew.load('out')")

    assert [(e.producer, e.consumer, e.port) for e in pipeline.edges] == [
        ("s0", "s1", "file:out/a.bin")
    ]


def test_a_file_passes_through_all_that_may_have_changed_it():
    pipeline = pipeline_of(
        "open('a.bin', 'w').write('a')", "import new\nnew.train('a.bin')", "open('a.bin').read()"
    )

    assert [(e.producer, e.consumer) for e in pipeline.edges] == [("s0", "s1"), ("s1", "s2")]


def test_a_word_that_two_steps_give_to_unknown_code_does_not_tie_them():
    pipeline = pipeline_of("import new\nx = new.f('mean')", "import new\ny = new.f('mean')")

    assert pipeline.edges == ()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("!cat data.csv", "data.csv"),
        ("!wc -l <data/a.csv | sort", "data/a.csv"),
        ("!python train.py --config=conf.yaml", "conf.yaml"),
        ("!head data/*.csv", "data/*.csv"),
        ("import subprocess\nsubprocess.run(['cat', 'a.txt'])", "a.txt"),
        ("import os\nos.system('cat a.txt')", "a.txt"),
        ("%%bash\n" + "echo more\n" * 100 + "cat a.txt", "a.txt"),
    ],
)
def test_words_of_commands_may_name_files(source, expected):
    assert expected in named(source)


@pytest.mark.parametrize("command", ["ls", "ls -la", "ls .", "cd . && ls", "cat *", "ls | wc -l"])
def test_a_command_that_lists_the_folder_is_told_of(command):
    report = compile_notebook(ipynb([code(f"!{command}", "step:a")]), path="n.ipynb").report

    assert [found.rule.name for found in report] == ["unresolved-path"]


@pytest.mark.parametrize("command", ["ls data", "echo ls", "tools", "lsof", "cat a.txt"])
def test_other_commands_do_not_list_it(command):
    report = compile_notebook(ipynb([code(f"!{command}", "step:a")]), path="n.ipynb").report

    assert [found.rule.name for found in report] == []


def test_files_that_options_declare_travel_as_if_the_text_named_them():
    hidden = "name = ''.join(reversed('txt.a'))\n"
    write = code(f"{hidden}open(name, 'w').write('1')", "step:write", writes=["a.txt"])
    read = code(f"{hidden}print(open(name).read())", "step:read", files=["a.txt"])
    compilation = compile_notebook(ipynb([write, read]), path="notebook.ipynb")

    assert list(compilation.report) == []
    assert [(e.producer, e.consumer, e.port) for e in compilation.pipeline.edges] == [
        ("write", "read", "file:a.txt")
    ]


def test_a_library_is_given_the_file_that_it_looks_for_when_it_is_imported():
    assert named("import matplotlib.pyplot as plt") == {"matplotlibrc"}
