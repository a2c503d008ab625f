"""What a workspace keeps of a compilation, and what it cannot keep."""

from pathlib import Path

from cellwright.app.compilation import compile_in
from cellwright.app.workspace import Workspace
from support.notebooks import code, ipynb


def test_a_cell_with_half_a_character_is_told_of_each_time(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(ipynb([code("x = 'caf\udce9'", "step:a")]))

    for _ in range(2):
        (found,) = compile_in(Workspace(tmp_path), path).report
        assert found.rule.code == "NB004"
        assert "write it as `\\udce9`" in found.message
        assert (found.primary.span.start.line, found.primary.span.start.column) == (1, 8)
