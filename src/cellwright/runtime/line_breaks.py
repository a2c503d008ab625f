"""Owns where the lines of a long text break: at the outermost places first, as late as can be.

The text comes in pieces, with gaps between them at which a line may end, in groups that are
nested. As soon as a line grows too long, the outermost group that has a gap in it is broken:
all of its gaps so far become line ends, and those to come, too. So it is in a notebook, whose
objects may have methods that write to such a page (`_repr_pretty_`), in these words.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WIDTH = 79


@dataclass(eq=False)
class _Group:
    depth: int
    broken: bool = False
    gaps: int = 0
    """Gaps of its own among what waits."""


@dataclass(eq=False)
class _Piece:
    text: str
    gap_of: _Group | None = None
    indentation: int = 0


@dataclass
class Page:
    """A text in the making; what is not yet known to be on a line or the next one waits."""

    max_width: int = WIDTH
    newline: str = "\n"
    indentation: int = 0
    _done: list[str] = field(default_factory=list)
    _column: int = 0
    _waiting: deque[_Piece] = field(default_factory=deque)
    _waiting_width: int = 0
    _open: list[_Group] = field(default_factory=lambda: [_Group(0)])
    _levels: list[list[_Group]] = field(init=False)

    def __post_init__(self) -> None:
        self._levels = [[self._open[0]]]

    def text(self, text: str) -> None:
        """Add text that stays on one line."""
        if not self._waiting:
            self._done.append(text)
            self._column += len(text)
            return
        self._wait(_Piece(text))

    def breakable(self, sep: str = " ") -> None:
        """Add a gap: it is `sep`, unless the line ends here."""
        group = self._open[-1]
        if group.broken:
            self._end_line()
            return
        group.gaps += 1
        self._wait(_Piece(sep, group, self.indentation))

    def break_(self) -> None:
        """End the line here."""
        group = self._outermost()
        if group is not None:
            self._write(group)
        self._end_line()

    def begin_group(self, indent: int = 0, open: str = "") -> None:  # noqa: A002  # its name
        """Begin a group, whose further lines are indented."""
        if open:
            self.text(open)
        group = _Group(self._open[-1].depth + 1)
        self._open.append(group)
        while len(self._levels) <= group.depth:
            self._levels.append([])
        self._levels[group.depth].append(group)
        self.indentation += indent

    def end_group(self, dedent: int = 0, close: str = "") -> None:
        """End the group that was begun last."""
        self.indentation -= dedent
        group = self._open.pop()
        if not group.gaps:
            self._forget(group)
        if close:
            self.text(close)

    @contextmanager
    def group(self, indent: int = 0, open: str = "", close: str = "") -> Iterator[None]:  # noqa: A002
        """Begin a group, and end it."""
        self.begin_group(indent, open)
        try:
            yield
        finally:
            self.end_group(indent, close)

    @contextmanager
    def indent(self, indent: int) -> Iterator[None]:
        """Indent further lines without a group of their own."""
        self.indentation += indent
        try:
            yield
        finally:
            self.indentation -= indent

    def flush(self) -> None:
        """Write what waits."""
        while self._waiting:
            self._write_next()

    def value(self) -> str:
        """Return the text."""
        self.flush()
        return "".join(self._done)

    def _wait(self, piece: _Piece) -> None:
        self._waiting.append(piece)
        self._waiting_width += len(piece.text)
        while self._column + self._waiting_width > self.max_width:
            group = self._outermost()
            if group is None:
                return
            self._write(group)

    def _outermost(self) -> _Group | None:
        """Return the outermost group with a gap that waits, broken from now on.

        Groups around it that have no gap so far are broken as well. Among those of one depth
        it is the last; the one that is no longer considered is the same counted from the other
        end, which is so in notebooks.
        """
        for level in self._levels:
            for at, group in enumerate(reversed(level)):
                if group.gaps:
                    del level[at]
                    group.broken = True
                    return group
            for group in level:
                group.broken = True
            level.clear()
        return None

    def _write(self, group: _Group) -> None:
        """Write what waits up to the last gap of a group, and the text behind it."""
        while group.gaps:
            self._write_next()
        while self._waiting and self._waiting[0].gap_of is None:
            self._write_next()

    def _write_next(self) -> None:
        piece = self._waiting.popleft()
        self._waiting_width -= len(piece.text)
        group = piece.gap_of
        if group is not None:
            group.gaps -= 1
            if group.broken:
                self._done.append(self.newline + " " * piece.indentation)
                self._column = piece.indentation
                return
            if not group.gaps:
                self._forget(group)
        self._done.append(piece.text)
        self._column += len(piece.text)

    def _end_line(self) -> None:
        self.flush()
        self._done.append(self.newline + " " * self.indentation)
        self._column = self.indentation
        self._waiting_width = 0

    def _forget(self, group: _Group) -> None:
        level = self._levels[group.depth]
        if group in level:
            level.remove(group)
