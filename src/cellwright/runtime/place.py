"""Owns what the child leaves for the runner: where it is, and files that appear whole."""

import mmap
import os
import struct

OURS = -1
"""In place of a cell: the runtime itself failed."""

SAVING = -2
"""In place of a cell: the cells are done, the outputs are being written."""

_LAYOUT = struct.Struct("=ii")


def appear(path: str, payload: bytes) -> None:
    """Make a file appear whole, for a reader on this machine: not flushed to the disk."""
    beside = f"{path}.{os.getpid()}.tmp"
    with open(beside, "wb") as handle:
        handle.write(payload)
    os.replace(beside, path)


class Place:
    """A few bytes of memory that the runner and its child share: cell and line."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    @staticmethod
    def shared() -> "Place":
        """Return a place that a child made by fork writes to and its parent reads."""
        return Place(mmap.mmap(-1, mmap.PAGESIZE))

    def write(self, cell: int, line: int = 0) -> None:
        """Note the cell that runs, and the line in it; 0 where there is none."""
        _LAYOUT.pack_into(self._memory, 0, cell, line)

    def read(self) -> tuple[int, int]:
        """Return the cell and the line noted last."""
        cell, line = _LAYOUT.unpack_from(self._memory, 0)
        return cell, line
