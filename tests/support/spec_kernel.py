"""Runs a notebook as a kernel does: its cells top to bottom in one fresh namespace."""

import json
import os
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from support.steps_apart import in_fork

_SECONDS = 120  # a whole notebook, its imports included


@dataclass(frozen=True)
class CellEnd:
    """What a cell printed and showed; `error` is the kind of the exception that ended it."""

    stdout: str
    shown: tuple[str, ...]
    error: str = ""


class _Hook(DisplayHook):
    """Keeps the values of last expressions instead of printing them."""

    def write_output_prompt(self) -> None: ...

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        self.shell.display_pub.shown.append(format_dict["text/plain"])

    def finish_displayhook(self) -> None: ...


class _Publisher(DisplayPublisher):
    """Keeps what is displayed, as its plain text."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.shown: list[str] = []
        self._named: dict[str, list[tuple[list[str], int]]] = {}

    def publish(self, data: dict[str, Any], *args: Any, **options: Any) -> None:
        text = data.get("text/plain", "")
        named = (options.get("transient") or {}).get("display_id")
        for shown, at in self._named.get(named, ()):
            shown[at] = text
        if options.get("update"):
            return
        if named is not None:
            self._named.setdefault(named, []).append((self.shown, len(self.shown)))
        self.shown.append(text)


class _Shell(InteractiveShell):
    """Does what a notebook is there for: nothing that changes the machine, needs a front
    end, or only tells something to the person at the keyboard."""

    kernel = None  # that there is one tells pandas that this is no terminal

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        if magic_name in ("pip", "conda", "matplotlib", "who", "whos"):
            return None
        if magic_name == "time":
            return self.ex(line)
        return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def showtraceback(self, *args: Any, **options: Any) -> None:
        """Say nothing: the end of the cell tells."""

    showsyntaxerror = showtraceback


def run_as_kernel(cells: Sequence[str], folder: Path) -> list[CellEnd]:
    """Return how each cell ended, up to the first that failed.

    `folder` is the working directory; it exists, with the files that the notebook reads.
    """
    aside = folder.with_name(f"{folder.name}-streams")
    aside.mkdir()

    def work() -> None:
        ends = _run(cells)
        (aside / "ends.json").write_text(json.dumps(ends))

    code = in_fork(work, folder, aside / "stdout", aside / "stderr", seconds=_SECONDS)
    assert code == 0, (aside / "stderr").read_text()
    printed = (aside / "stdout").read_bytes()
    found = []
    start = 0
    for end, shown, error in json.loads((aside / "ends.json").read_text()):
        # What a command prints comes through a terminal, which ends lines in its own way.
        text = printed[start:end].decode().replace("\r\n", "\n")
        found.append(CellEnd(text, tuple(shown), error))
        start = end
    return found


def _run(cells: Sequence[str]) -> list[tuple[int, list[str], str]]:
    """Run the cells in this process; return where standard output was after each."""
    doc = "Automatically created module for IPython interactive environment"
    module = types.ModuleType("__main__", doc)
    sys.modules["__main__"] = module
    sys.path.insert(0, "")  # a kernel finds the modules beside the notebook
    shell = _Shell.instance(
        user_module=module,
        user_ns=vars(module),
        displayhook_class=_Hook,
        display_pub_class=_Publisher,
        config=Config({"HistoryManager": {"enabled": False}}),
    )
    ends = []
    for source in cells:
        shell.display_pub.shown = []
        result = shell.run_cell(source, store_history=True)
        sys.stdout.flush()
        error = result.error_before_exec or result.error_in_exec
        kind = "" if error is None else type(error).__name__
        ends.append((os.lseek(1, 0, os.SEEK_CUR), shell.display_pub.shown, kind))
        if kind:
            break
    return ends
