import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.compiler.reading.reader import read
from cellwright.diagnostics.diagnostic import Report
from cellwright.model.source import Notebook


def reading(payload: bytes) -> tuple[Notebook | None, list[str], list[str]]:
    report = Report()
    notebook = read(payload, path="test.ipynb", report=report)
    found = list(report)
    return notebook, [each.rule.code for each in found], [each.message for each in found]


def document(cells: object, **more: object) -> bytes:
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}
    ).encode()


def raw(source: object = "x = 1", **more: object) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], **more}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"cells": [', "not JSON"),
        (b"[]", "its top is not an object"),
        (b"null", "its top is not an object"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        ('{\n"a": "é"}'.encode("latin-1"), "not UTF-8 (line 2)"),
        (b'{\n<<<<<<< HEAD\n"a": 1\n=======\n>>>>>>> b\n}', "unfinished merge (line 2)"),
        (b"[" * 100_000, "depth or size"),
        (b'{"cells": ' + b"[" * 100_000, "depth or size"),
        (b"{}", "no `nbformat` number"),
        (b'{"nbformat": "4", "cells": []}', "no `nbformat` number"),
        (b'{"nbformat": true, "cells": []}', "no `nbformat` number"),
        (b'{"nbformat": 99, "cells": []}', "notebook format 99"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 3}', "cannot be converted"),
        (b'{"nbformat": 2, "worksheets": 3}', "cannot be converted"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused_with_the_reason(payload: bytes, said: str) -> None:
    notebook, codes, messages = reading(payload)

    assert notebook is None
    assert codes == ["NB001"]
    assert said in messages[0]


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"kernelspec": {"name": "julia-1.10"}},
        {"language_info": {"name": "scala"}},
    ],
)
def test_a_notebook_of_another_language_is_refused(metadata: dict[str, object]) -> None:

    notebook, codes, _ = reading(document([raw()], metadata=metadata))

    assert notebook is None
    assert codes == ["NB002"]


def test_a_kernel_with_a_name_of_the_users_own_is_python() -> None:
    notebook, codes, _ = reading(
        document([raw()], metadata={"kernelspec": {"name": "conda-env-ml-py"}})
    )

    assert codes == []
    assert notebook is not None
    assert notebook.kernel == "conda-env-ml-py"


def test_code_cells_are_counted_among_all_cells() -> None:
    notebook, codes, _ = reading(
        document(
            [
                {"cell_type": "markdown", "source": ["# Load\n", "```\n", "# no\n", "```"]},
                raw(["a = 1\n", "b = 2"], id="one"),
                {"cell_type": "raw", "source": "x"},
                raw("c", id="two"),
            ]
        )
    )

    assert codes == []
    assert notebook is not None
    assert [(cell.number, cell.id, cell.source) for cell in notebook.cells] == [
        (2, "one", "a = 1\nb = 2"),
        (4, "two", "c"),
    ]
    assert {cell.heading for cell in notebook.cells} == {"Load"}


def test_every_line_end_becomes_a_newline() -> None:
    notebook, _, _ = reading(document([raw("a\r\nb\rc\n")]))

    assert notebook is not None
    assert notebook.cells[0].source == "a\nb\nc\n"


def test_missing_ids_are_given_from_the_number() -> None:
    payload = document([raw(), raw(id=7), raw(id="\ud800"), raw(id="ok")])

    first, codes, _ = reading(payload)
    second, _, _ = reading(payload)

    assert codes == []
    assert first is not None
    assert [cell.id for cell in first.cells] == ["cell-1", "cell-2", "cell-3", "ok"]
    assert first == second


def test_a_doubled_id_is_a_warning_and_ids_stay_unique() -> None:
    notebook, codes, messages = reading(
        document([raw(id="a"), raw(id="a"), raw(id="cell-2"), raw(id="cell-2")])
    )

    assert codes == ["NB003", "NB003"]
    assert messages[0] == "cell 2 has the id of cell 1"
    assert notebook is not None
    assert len({cell.id for cell in notebook.cells}) == 4


@pytest.mark.parametrize(
    "cell",
    [
        raw(source=3),
        raw(source=["a", 3]),
        raw(source=None),
        raw(metadata={"tags": "step:a"}),
        raw(metadata={"tags": [1]}),
        raw(metadata=[]),
        {"cell_type": "query", "source": ""},
        {"source": "x"},
        "x = 1",
        None,
    ],
)
def test_a_malformed_cell_is_an_error_that_names_the_cell(cell: object) -> None:
    _, codes, messages = reading(document([raw(), cell]))

    assert codes == ["NB009"]
    assert "cell 2" in messages[0]


def test_format_3_is_read_by_conversion() -> None:
    payload = json.dumps(
        {
            "nbformat": 3,
            "nbformat_minor": 0,
            "metadata": {"name": ""},
            "worksheets": [
                {
                    "cells": [
                        {"cell_type": "heading", "level": 1, "source": "Old"},
                        {
                            "cell_type": "code",
                            "input": ["x = 1\n", "y = 2"],
                            "language": "python",
                            "outputs": [],
                            "metadata": {},
                        },
                    ]
                }
            ],
        }
    ).encode()

    first, codes, _ = reading(payload)
    second, _, _ = reading(payload)

    assert codes == ["NB007"]
    assert first is not None
    assert [cell.source for cell in first.cells] == ["x = 1\ny = 2"]
    assert first.cells[0].heading == "Old"
    assert first == second


def test_options_are_kept_in_one_spelling() -> None:
    one, _, _ = reading(document([raw(metadata={"cellwright": {"b": 1, "a": 2}})]))
    other, _, _ = reading(document([raw(metadata={"cellwright": {"a": 2, "b": 1}})]))

    assert one is not None
    assert other is not None
    assert one.cells[0].options == other.cells[0].options == '{"a": 2, "b": 1}'


def test_a_nan_in_an_output_is_no_trouble() -> None:
    notebook, codes, _ = reading(document([raw(outputs=[{"data": float("nan")}])]))

    assert codes == []
    assert notebook is not None


def test_sixty_cells_are_read_in_milliseconds_whatever_their_outputs() -> None:
    payload = document([raw(outputs=[{"data": "A" * 300_000}]) for _ in range(60)])

    started = time.process_time()
    notebook, _, _ = reading(payload)

    assert notebook is not None
    assert time.process_time() - started < 1.0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "source", "metadata", "tags", "id", "cell_type", "cellwright"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=2000)
def test_any_bytes_are_a_notebook_or_a_diagnostic(payload: bytes) -> None:
    notebook, codes, _ = reading(payload)

    assert (notebook is None) == any(each in ("NB001", "NB002") for each in codes)


@given(JSON, JSON, st.sampled_from([4, 3, 2, 1, 5, "4", None]))
@settings(max_examples=300, deadline=5000)
def test_any_json_is_a_notebook_or_a_diagnostic(
    cells: object, metadata: object, version: object
) -> None:
    payload = json.dumps({"nbformat": version, "cells": cells, "metadata": metadata}).encode()

    notebook, codes, _ = reading(payload)

    assert (notebook is None) == any(each in ("NB001", "NB002") for each in codes)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"cell_type": st.sampled_from(["code", "markdown", "raw", "x", None])},
            optional={"source": JSON, "metadata": JSON, "id": JSON},
        ),
        max_size=5,
    )
)
@settings(max_examples=300, deadline=2000)
def test_any_cells_give_unique_ids_and_the_same_answer_twice(cells: object) -> None:
    payload = document(cells)

    first, codes, _ = reading(payload)
    second, again, _ = reading(payload)

    assert first is not None
    assert first == second
    assert codes == again
    assert len({cell.id for cell in first.cells}) == len(first.cells)
