"""The harshest cut: what a notebook is when each of its cells is a step."""

import json

from cellwright.app.compilation import compile_document
from cellwright.app.verification.splitting import split_cells
from support.notebooks import code, ipynb


def tags_of(payload):
    return [cell["metadata"].get("tags", []) for cell in json.loads(payload)["cells"]]


def test_every_code_cell_becomes_a_step_named_after_its_number():
    payload = ipynb([code("import math", "imports"), code("x = 1", "step:a"), code("y = x")])

    assert tags_of(split_cells(payload)) == [["step:cell-1"], ["step:cell-2"], ["step:cell-3"]]


def test_cells_of_other_kinds_count_and_are_left_alone():
    document = json.loads(ipynb([code("x = 1")]))
    document["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "# Title"})

    split = json.loads(split_cells(json.dumps(document).encode()))

    assert split["cells"][0] == document["cells"][0]
    assert split["cells"][1]["metadata"]["tags"] == ["step:cell-2"]


def test_a_skipped_cell_stays_skipped_and_foreign_tags_stay():
    payload = ipynb([code("x = 1", "skip"), code("y = 2", "step:b", "hide-input")])

    assert tags_of(split_cells(payload)) == [["skip"], ["hide-input", "step:cell-2"]]


def test_a_cell_without_text_is_no_step():
    assert tags_of(split_cells(ipynb([code("  \n")]))) == [["skip"]]


def test_options_of_a_step_go_to_each_of_its_cells():
    payload = ipynb(
        [code("x = 1", "step:a", files=["in.csv"]), code("y = 2", "step:a"), code("z = 3")],
        cellwright={"steps": {"a": {"network": True}}, "python": "3.11"},
    )

    split = json.loads(split_cells(payload))

    ours = [cell["metadata"].get("cellwright") for cell in split["cells"]]
    assert ours == [{"files": ["in.csv"], "network": True}] * 2 + [None]
    assert split["metadata"]["cellwright"] == {"python": "3.11"}


def test_parameters_become_a_step_unless_they_are_to_be_chosen():
    payload = ipynb([code("n = 1", "parameters"), code("print(n)", "step:a")])

    assert tags_of(split_cells(payload))[0] == ["step:cell-1"]
    assert tags_of(split_cells(payload, keep_parameters=True))[0] == ["parameters"]


def test_what_comes_of_it_compiles_to_one_step_a_cell():
    payload = ipynb([code("xs = []"), code("xs.append(1)"), code("print(xs)")])

    compilation = compile_document(split_cells(payload), path="split.ipynb")

    assert not compilation.report.has_errors
    assert list(compilation.pipeline.steps) == ["cell-1", "cell-2", "cell-3"]


def test_bytes_that_are_no_notebook_are_returned_as_they_are():
    for payload in (b"", b"[]", b"{", b'{"cells": 3}', b'{"cells": [1]}'):
        assert split_cells(payload) == payload


def test_splitting_twice_changes_nothing():
    once = split_cells(ipynb([code("x = 1", "step:a"), code("y = 2", "skip")]))

    assert split_cells(once) == once
