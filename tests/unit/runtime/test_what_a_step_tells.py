"""What a step tells besides its outputs: metrics, previews, changes it should not make."""

import json
from pathlib import Path

import pytest

from cellwright.runtime.layout import runtime_digest, write_runtime
from cellwright.runtime.preview import preview
from support.attempts import Steps


def test_metrics_are_read_as_numbers(steps: Steps) -> None:
    attempt = steps.ok(
        "import numpy as np\nfrom decimal import Decimal\n"
        "a, b, c, d, e, f = 1, True, np.float32(0.5), np.array(2.5), Decimal('1.5'), float('nan')",
        metrics=["a", "b", "c", "d", "e", "f"],
    )

    found = attempt.manifest.metrics
    assert found.pop("f") != 0
    assert found == {"a": 1.0, "b": 1.0, "c": 0.5, "d": 2.5, "e": 1.5}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = 1", "is not bound"),
        ("m = 'high'", "is not a number but of type `str`"),
        ("m = [1]", "is not a number but of type `list`"),
        ("m = 1j", "is not a number but of type `complex`"),
        ("import numpy as np\nm = np.zeros(2)", "is not a number but of type `ndarray`"),
    ],
)
def test_a_metric_that_is_no_number_is_an_error_with_its_name(
    steps: Steps, cell: str, said: str
) -> None:
    attempt = steps.run(cell, metrics=["m"])

    assert attempt.manifest.error.kind == "metric"
    assert attempt.manifest.error.message.startswith(f"the metric `m` {said}")


def test_an_input_changed_against_its_declaration_is_an_error_with_the_cell(steps: Steps) -> None:
    first = steps.ok("xs = [1]", outputs=("xs",))
    attempt = steps.run(
        "print(xs)", "xs.append(2)", "print('never')", inputs=((first, "xs"),), unchanged=["xs"]
    )

    assert attempt.manifest.error.kind == "input"
    assert attempt.manifest.error.cell == 3
    assert "`xs`" in attempt.manifest.error.message
    assert "never" not in attempt.log


def test_reading_a_guarded_input_is_fine(steps: Steps) -> None:
    pytest.importorskip("pandas")
    first = steps.ok(
        "df = pd.DataFrame({'v': [3, 1, 2]})\ndf['w'] = 'x'\na = df['v'].to_numpy().copy()\nd = {'k': [1]}",
        outputs=("df", "a", "d"),
        definitions="import pandas as pd",
    )
    attempt = steps.ok(
        "df.sort_values('v').describe()\ndf.values\ndf.groupby('w')['v'].sum()\na.sum()\nd['k'][0]",
        inputs=((first, "df"), (first, "a"), (first, "d")),
        unchanged=["df", "a", "d"],
        definitions="import pandas as pd",
    )

    assert attempt.manifest.state == "succeeded"


@pytest.mark.parametrize(
    "change", ["df.loc[0, 'v'] = 9", "df['n'] = 1", "df.index = [5]", "df.attrs['u'] = 1"]
)
def test_a_change_of_a_guarded_frame_is_found(steps: Steps, change: str) -> None:
    pytest.importorskip("pandas")
    imports = "import pandas as pd"
    first = steps.ok("df = pd.DataFrame({'v': [3]})", outputs=("df",), definitions=imports)
    attempt = steps.run(change, inputs=((first, "df"),), unchanged=["df"], definitions=imports)

    assert attempt.manifest.error.kind == "input"


def test_an_input_that_was_bound_anew_is_no_change(steps: Steps) -> None:
    first = steps.ok("xs = [1]", outputs=("xs",))

    steps.ok("xs = [2]\nxs.append(3)", inputs=((first, "xs"),), unchanged=["xs"])


def test_a_frame_is_previewed_with_its_columns_and_first_rows(steps: Steps) -> None:
    pytest.importorskip("pandas")
    attempt = steps.ok(
        "df = pd.DataFrame({'n': range(100), 's': ['x', None] * 50})",
        outputs=("df",),
        definitions="import pandas as pd",
    )

    shown = attempt.artifact("df").preview["df"]
    assert shown["type"] == "pandas.DataFrame"
    assert shown["shape"] == [100, 2]
    assert [column["nulls"] for column in shown["columns"]] == [0, 50]
    assert len(shown["rows"]) == 20
    assert shown["rows"][0] == [0, "x"]


class Rude:
    def __repr__(self) -> str:
        raise OSError("no")


@pytest.mark.parametrize(
    "value",
    [
        Rude(),
        [Rude()],
        "x" * 10_000_000,
        list(range(1_000_000)),
        dict.fromkeys(range(10000), "v" * 1000),
        {"k": float("nan")},
        10**5000,
        b"\xff" * 100_000,
    ],
    ids=range(8),
)
def test_a_preview_is_small_and_never_fails(value: object) -> None:
    assert len(json.dumps(preview(value))) <= 256 * 1024


def test_previews_and_metrics_of_secrets_are_masked(steps: Steps) -> None:
    attempt = steps.ok(
        "import os\nx = {'token': os.environ['TOKEN']}",
        outputs=("x",),
        secrets=["TOKEN"],
        variables={"TOKEN": "s3cr3tcanary"},
    )

    assert "s3cr3tcanary" not in (attempt.folder / "manifest.json").read_text()
    assert "***" in attempt.artifact("x").preview["x"]["text"]


def test_the_laid_out_runtime_is_whole_and_its_digest_tells_versions_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "runtime"
    write_runtime(target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*.py")}
    write_runtime(target)
    digest = runtime_digest()

    assert before == {path: path.stat().st_mtime_ns for path in target.rglob("*.py")}
    assert not (target / "cellwright_runtime" / "layout.py").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"runtime"}

    (target / "__main__.py").write_text("broken")
    write_runtime(target)
    monkeypatch.setattr("cellwright.runtime.layout._ENTRY", "changed")

    assert "cellwright_runtime.main" in (target / "__main__.py").read_text()
    assert runtime_digest() != digest
