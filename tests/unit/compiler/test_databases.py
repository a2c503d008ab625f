"""Which file a database is in, and what becomes of what speaks to it."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

ENGINE = "from sqlalchemy import create_engine\nengine = create_engine({url!r})"
USE = "import pandas as pd\npd.DataFrame({{'a': [1]}}).to_sql('t', {name})"
READ = "print(pd.read_sql('select * from t', {name}))"


def compiled(*cells):
    return compile_notebook(ipynb([code(*cell) for cell in cells]), path="notebook.ipynb")


def ports(compilation):
    assert compilation.pipeline is not None, list(compilation.report)
    return {
        str(step): sorted(str(port.name) for port in (*each.inputs, *each.outputs))
        for step, each in compilation.pipeline.steps.items()
    }


ADDRESSES = {
    "sqlite:///shop.db": ["file:shop.db"],
    "sqlite+pysqlite:///shop.db?timeout=3": ["file:shop.db"],
    "sqlite:///file:shop.db?mode=rw&uri=true": ["file:shop.db"],
    "duckdb:///shop.duckdb": ["file:shop.duckdb"],
    "postgresql://me@there/shop": [],
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_engine_of_a_shared_cell_is_made_anew_and_its_file_travels(url: str) -> None:
    found = compiled(
        (ENGINE.format(url=url) + "\nimport pandas as pd", "imports"),
        (USE.format(name="engine"), "step:write"),
        (READ.format(name="engine"), "step:read"),
    )

    assert not list(found.report)
    assert set(ports(found)["read"]) == set(ADDRESSES[url])


def test_an_engine_of_a_step_is_refused_before_the_run() -> None:
    found = compiled(
        (ENGINE.format(url="sqlite:///shop.db") + "\n" + USE.format(name="engine"), "step:write"),
        ("import pandas as pd\n" + READ.format(name="engine"), "step:read"),
    )
    (told,) = [each for each in found.report if each.rule.code == "ART501"]

    assert "`engine` is a `sqlalchemy.Engine`" in told.message
    assert "a cell tagged `imports`" in told.notes[0]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_holds_something_and_is_not_made_anew(url: str) -> None:
    found = compiled(
        (ENGINE.format(url=url) + "\nimport pandas as pd", "imports"),
        (USE.format(name="engine"), "step:write"),
        (READ.format(name="engine"), "step:read"),
    )

    assert "ART501" in {each.rule.code for each in found.report}


@pytest.mark.parametrize(
    "call",
    [
        "sqlite3.connect(':memory:')",
        "sqlite3.connect('')",
        "sqlite3.connect(database=':memory:')",
        "sqlite3.connect('file:here?mode=memory&cache=shared', uri=True)",
        "sqlite3.connect('file::memory:', uri=True)",
    ],
)
def test_memory_is_no_file(call: str) -> None:
    found = compiled(
        (f"import sqlite3\nbase = {call}\nbase.close()", "step:a"), ("print(1)", "step:b")
    )

    assert ports(found) == {"a": [], "b": []}


def test_a_file_of_that_name_is_one() -> None:
    found = compiled(
        ("open(':memory:', 'w').write('x')", "step:a"),
        ("print(open(':memory:').read())", "step:b"),
    )

    assert ports(found)["b"] == ["file::memory:"]


def test_an_address_that_the_text_does_not_tell_is_warned_of() -> None:
    found = compiled(
        ("import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DB'])", "imports"),
        (USE.format(name="engine"), "step:write"),
    )  # fmt: skip

    assert [each.rule.code for each in found.report] == ["FLOW210"]


def test_an_address_of_a_server_is_no_file_whoever_asks() -> None:
    url = "f'postgresql://{os.environ[\"ME\"]}@there/shop'"
    found = compiled(
        (f"import os\nfrom sqlalchemy import create_engine\nengine = create_engine({url})", "imports"),
        (USE.format(name="engine"), "step:write"),
    )  # fmt: skip

    assert not list(found.report)
