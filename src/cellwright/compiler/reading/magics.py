"""Owns the translation of notebook syntax into Python with the same number of lines.

Where notebook syntax stands is found by IPython's own transformers; what each piece
means is told by `magic_words`. IPython is imported only for a cell that needs it.
"""

import ast
import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cellwright.compiler.reading import magic_words
from cellwright.compiler.reading.magic_words import SHELL, Reading, Remark
from cellwright.diagnostics import catalogue as rules

__all__ = ["HISTORY_NAMES", "SHELL", "Placed", "Translation", "is_history_name", "translate"]

HISTORY_NAMES = frozenset(
    {"In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "_exit_code"}
)
"""Names that a notebook's kernel binds by itself, from what was run before."""

_NUMBERED = re.compile(r"^_i?\d+$")
_Tidy = Callable[[list[str]], list[str]]
_MOST_MAGICS = 500  # as many as IPython itself translates in one cell
_MOST_WORK = 1_000_000  # characters to split into tokens, over all rounds
_CANDIDATE = re.compile(
    r"""^[ \t]*[%!?,;/]      # an escape at the start of a line
    | [%!?]                 # an assignment from a magic, or help at the end of a line
    | ^[ \t]*>>>            # a prompt
    | ^[ \t]*\.{3,}:
    | ^.{0,8}In[ ]\[\d+\]:
    | \A\s*[ \t]            # an indented cell
    """,
    re.VERBOSE | re.MULTILINE,
)


_QUOTES = re.compile(r"\"{3}|'{3}")
_BLANK = re.compile(r"^[ \t]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A remark, a requirement or the start of a statement, on a line (from 1)."""

    line: int
    what: Remark | str


@dataclass(frozen=True, slots=True)
class Translation:
    """Plain Python for a cell, line for line.

    `requirements` are those of install lines; `timed` are the lines whose statement ran
    under `%time` or `%prun`.
    """

    python: str
    remarks: tuple[Placed, ...] = ()
    requirements: tuple[Placed, ...] = ()
    timed: tuple[int, ...] = ()


def is_history_name(name: str) -> bool:
    """Tell whether a kernel binds the name to what was typed or shown before."""
    return name in HISTORY_NAMES or _NUMBERED.match(name) is not None


def may_hold_magics(source: str) -> bool:
    """Tell whether a look by IPython is worth its import; cheap."""
    return _CANDIDATE.search(source) is not None or may_hold_blanks(source)


def may_hold_blanks(source: str) -> bool:
    """Tell whether a string may have lines of blanks, which IPython empties; cheap."""
    return _QUOTES.search(source) is not None and _BLANK.search(source) is not None


def translate(source: str) -> Translation:
    """Return a cell in plain Python; what cannot be translated is remarked and left out."""
    work = _Work(source)
    with (
        warnings.catch_warnings(),
        suppress(SyntaxError, ValueError, RecursionError, MemoryError),
    ):
        warnings.simplefilter("ignore")  # the user's `"\d"` is no business of ours
        work.run()  # if it is not Python either, the parser tells where, as far as this got
    return Translation(
        work.text(), tuple(work.remarks), tuple(work.requirements), tuple(work.timed)
    )


class _Work:
    """The lines of one cell while they are translated, top to bottom."""

    def __init__(self, source: str) -> None:
        self.remarks: list[Placed] = []
        self.requirements: list[Placed] = []
        self.timed: list[int] = []
        self._count = source.count("\n") + 1
        self._lines = [f"{line}\n" for line in source.split("\n")]

    def text(self) -> str:
        """Return the cell as it is now, without the newline that was added at its end."""
        return "".join(self._lines)[:-1]

    def run(self) -> None:
        """Translate the cell: prompts and indentation, then cell magics, then line by line."""
        first = 0
        while True:
            first = self._tidy(first)
            if first >= self._count or not self._lines[first].startswith("%%"):
                break
            if re.match(r"%%\w+\?", self._lines[first]):
                break  # help on a magic
            first = self._translate_cell_magic(first)
        self._translate_lines()
        assert len(self._lines) == self._count  # positions stand on it

    def _tidy(self, first: int) -> int:
        """Take off common indentation and prompts; return the first line with text."""
        from IPython.core import inputtransformer2 as ipython

        while first < self._count and not self._lines[first].strip():
            first += 1
        block = self._lines[first:]
        tidies: list[_Tidy] = [
            ipython.leading_indent,
            ipython.classic_prompt,
            ipython.ipython_prompt,
        ]
        for tidy in tidies:
            tidied = "".join(tidy(block)).removesuffix("\n").split("\n") if block else []
            if len(tidied) == len(block):  # else a strange line separator misled it
                block = [f"{line}\n" for line in tidied]
        self._lines[first:] = block
        return first

    def _translate_cell_magic(self, first: int) -> int:
        """Translate a cell magic; return the line at which Python goes on."""
        name, _, args = self._lines[first][2:].rstrip().partition(" ")
        body = self._lines[first + 1 :]
        reading = magic_words.cell_magic(name, args, body)
        self._note(reading.first, first)
        self._lines[first] = f"{reading.first.code}\n"
        if reading.body is None:
            return first + 1
        self._lines[first + 1 :] = [f"{line}\n" for line in reading.body]
        return self._count

    def _translate_lines(self) -> None:
        from IPython.core import inputtransformer2 as ipython

        manager: Any = ipython.TransformerManager()  # type: ignore[no-untyped-call]
        kinds: list[Any] = manager.token_transformers
        done, work = 0, 0
        for _ in range(_MOST_MAGICS):
            rest = self._lines[done:]
            work += sum(map(len, rest))
            if work > _MOST_WORK:
                break
            tokens = ipython.make_tokens_by_line(rest)
            found = [one for one in (kind.find(tokens) for kind in kinds) if one is not None]
            for one in sorted(found, key=lambda one: one.sortby()):
                try:
                    changed = one.transform(rest)
                except SyntaxError:
                    continue  # as IPython does: this was not notebook syntax after all
                self._replace(done, one.start_line, one.start_col, changed)
                done = self._settled(done, done + one.start_line)
                break
            else:
                return
        self._give_up()

    def _settled(self, done: int, line: int) -> int:
        """Return up to where the text is done: a line that stands in no block, if there is one."""
        if _may_go_on(self._lines[line]):
            return done
        following = line + 1
        while following < self._count and not self._lines[following].strip():
            following += 1
        at_margin = following < self._count and not self._lines[following][0].isspace()
        return following if at_margin else done

    def _replace(self, done: int, line: int, column: int, changed: Sequence[str]) -> None:
        """Put our own reading where IPython put its call, and keep the number of lines.

        `changed` are the lines from `done` on, `line` counts among them.
        """
        spare = self._count - done - len(changed)
        before, called = changed[line][:column], changed[line][column:].rstrip("\n")
        assigned = bool(before.strip())
        typed = self._lines[done + line].strip()
        reading = _read_call(called)
        code = reading.code
        if reading.statement:
            self.timed.append(done + line + 1)
            if not assigned and not _stands_alone(code):
                reading = magic_words.unknown(typed)
                code = ""
        if assigned and not code:
            code = "None"
            reading = magic_words.unknown(typed)
        elif not code and before:
            code = "pass"
        self._note(reading, done + line)
        after = list(changed[line + 1 :])
        self._lines[done:] = [*changed[:line], f"{before}{code}\n", *["\n"] * spare, *after]

    def _note(self, reading: Reading, line: int) -> None:
        self.remarks += [Placed(line + 1, remark) for remark in reading.remarks]
        self.requirements += [Placed(line + 1, text) for text in reading.requirements]

    def _give_up(self) -> None:
        remark = Remark(
            rules.UNTRANSLATABLE_MAGIC,
            "the cell has more notebook syntax than can be translated",
            ("divide the cell",),
        )
        self.remarks.append(Placed(1, remark))
        self._lines = ["\n"] * self._count


def _read_call(called: str) -> Reading:
    """Return our reading of the call that IPython makes of a piece of notebook syntax."""
    try:
        call = ast.parse(called, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Reading(called)
    match call:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=method),
            args=args,
        ):
            words = [arg.value for arg in args if isinstance(arg, ast.Constant)]
        case _:
            return Reading(called)  # `,f a b` and the like are calls of the user's own
    texts = [word for word in words if isinstance(word, str)]
    match method, texts:
        case "run_line_magic", [name, line]:
            return magic_words.line_magic(name, line)
        case "system", [command]:
            return magic_words.shell_line(command)
        case "getoutput", [command]:
            return magic_words.captured_line(command)
        case _:
            return Reading()  # a bare `?`


def _may_go_on(line: str) -> bool:
    """Tell whether a translated line holds notebook syntax again (`%time !ls`)."""
    return _CANDIDATE.search(line) is not None


def _stands_alone(statement: str) -> bool:
    """Tell whether `%time` would accept a text: one line of Python, or notebook syntax again."""
    if statement[:1] in {"%", "!", "", "?"}:
        return True
    try:
        ast.parse(statement)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.search(r"=\s*[%!]", statement) is not None
    return True
