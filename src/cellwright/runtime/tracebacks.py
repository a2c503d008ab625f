"""Owns the text of an exception, as the user is to read it.

The frames of the runtime are left out; those of cells name cell and line by themselves,
since that is the file name they are compiled under (see `program`).
"""

import os
import traceback
from collections.abc import Iterator
from types import TracebackType

from .manifest import ErrorRecord

LONGEST = 64 * 1024
"""Characters of a traceback that are kept: the first half and the last."""

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def record(error: BaseException, files: dict[str, int]) -> ErrorRecord:
    """Return what there is to say about an exception that ended a cell.

    `files` gives the cell number of each file name of the program. The place is where
    the notebook's own code failed: the last frame that stands in a cell, be it a helper's.
    """
    cell, line = _place(error, files)
    kind, hint = "exception", ""
    if isinstance(error, SystemExit):
        kind = "exit"
        hint = "a notebook stops at `sys.exit`, too: end the cell in another way"
    elif isinstance(error, KeyboardInterrupt):
        kind = "interrupted"
    elif isinstance(error, MemoryError):
        kind = "out-of-memory"
        hint = "give the step more memory (`memory` in its options), or use less at a time"
    return ErrorRecord(kind, _summary(error), cell, line, text(error), hint)


def text(error: BaseException) -> str:
    """Return the traceback, chained exceptions and groups with it; never raises."""
    try:
        whole = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        for part in _parts(whole, set()):
            part.stack[:] = [entry for entry in part.stack if not _ours(entry.filename)]
        found = "".join(whole.format())
    except (Exception, RecursionError):  # noqa: BLE001  # the user's own methods run here
        found = "".join(traceback.format_tb(error.__traceback__, 20)) + _summary(error) + "\n"
    if len(found) > LONGEST:
        left_out = len(found) - LONGEST
        half = LONGEST // 2
        found = f"{found[:half]}\n[{left_out} characters left out]\n{found[-half:]}"
    return found


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is not the runtime's."""
    while trace is not None and _ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _ours(file: str) -> bool:
    return file.startswith(_HERE)


def _parts(
    whole: traceback.TracebackException, seen: set[int]
) -> Iterator[traceback.TracebackException]:
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        more = [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
        waiting.extend(each for each in more if each is not None)


def _place(error: BaseException, files: dict[str, int]) -> tuple[int | None, int | None]:
    trace = error.__traceback__
    place = None
    while trace is not None:
        cell = files.get(trace.tb_frame.f_code.co_filename)
        if cell is not None:
            place = cell, trace.tb_lineno
        trace = trace.tb_next
    if place is not None:
        return place
    if isinstance(error, SyntaxError) and error.filename in files:
        return files[error.filename], error.lineno
    return None, None


def _summary(error: BaseException) -> str:
    """Return type and text on one line, as the last line of a traceback has them."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  # the user's own __str__
        said = "<the exception has no text: its __str__ failed>"
    name = type(error).__qualname__
    module = type(error).__module__
    if module not in ("builtins", "__main__"):
        name = f"{module}.{name}"
    said = said.strip()
    if isinstance(error, SystemExit) and not said:
        said = "0"
    return f"{name}: {said[:2000]}" if said else name
