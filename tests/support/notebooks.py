"""Builds notebooks for tests: from cells in Python, and from Markdown with tagged fences."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_FENCE = re.compile(r"^(`{3,})(\w*)[ \t]*([^{]*)(\{.*\})?$")
_NOT_YET = re.compile(r"^<!-- not yet: (.+) -->$")
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$")


@dataclass(frozen=True)
class CodeCell:
    """A cell to be: its source, tags and `metadata.cellwright`."""

    source: str
    tags: tuple[str, ...] = ()
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class MarkdownNotebook:
    """The fences under one heading: `path` are the headings above it, outermost first.

    A fence of another language than Python is kept in `named` under the word after the
    language (`file:data/sales.csv`), or in `others`, as language and text, if it has none.
    `line` is that of the heading, from 1; 0 where there is no heading. `not_yet` is what a
    comment `<!-- not yet: … -->` says.
    """

    path: tuple[str, ...]
    cells: tuple[CodeCell, ...]
    others: tuple[tuple[str, str], ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    not_yet: str = ""

    @property
    def title(self) -> str:
        """Return the heading that the notebook stands under."""
        return self.path[-1] if self.path else ""


@dataclass
class _Section:
    path: tuple[str, ...] = ()
    line: int = 0
    cells: list[CodeCell] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    not_yet: str = ""


def code(source: str, *tags: str, **options: Any) -> CodeCell:
    """Return a cell, briefly."""
    return CodeCell(source, tags, options or None)


def ipynb(cells: Iterable[CodeCell], **metadata: Any) -> bytes:
    """Return the bytes of a notebook of format 4.5, as JupyterLab would write them."""
    document = {
        "cells": [_cell(cell, index) for index, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            **metadata,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a character can only be escaped
        return json.dumps(document, indent=1, sort_keys=True).encode()


def markdown_notebooks(text: str) -> Sequence[MarkdownNotebook]:
    """Return one notebook for each heading of a Markdown text that has fences of its own.

    The words after the language of a fence are the tags of the cell: ```` ```python
    step:load ````; quotes hold a tag with blanks together, and a JSON object at the end
    is the cell's `metadata.cellwright`.
    """
    return tuple(
        MarkdownNotebook(
            section.path,
            tuple(section.cells),
            tuple(section.others),
            section.named,
            section.line,
            section.not_yet,
        )
        for section in _sections(text)
        if section.cells or section.others
    )


def _sections(text: str) -> Iterator[_Section]:
    headings: list[tuple[int, str]] = []
    section = _Section()
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        fence = _FENCE.match(line)
        heading = _HEADING.match(line)
        not_yet = _NOT_YET.match(line)
        if fence is not None:
            body = "\n".join(_body(lines, fence[1]))
            words = tuple(shlex.split(fence[3]))
            if fence[2] == "python":
                options = json.loads(fence[4]) if fence[4] else None
                section.cells.append(CodeCell(body, words, options))
            elif words:
                section.named[words[0]] = body
            else:
                section.others.append((fence[2], body))
        elif not_yet is not None:
            section.not_yet = not_yet[1]
        elif heading is not None:
            yield section
            level = len(heading[1])
            headings = [(depth, name) for depth, name in headings if depth < level]
            headings.append((level, heading[2]))
            section = _Section(tuple(name for _, name in headings), number)
    yield section


def _body(lines: Iterator[tuple[int, str]], fence: str) -> Iterator[str]:
    for _, line in lines:
        if line.strip() == fence:
            return
        yield line
    raise ValueError("a fence is not closed")


def _cell(cell: CodeCell, index: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.options is not None:
        metadata["cellwright"] = dict(cell.options)
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"c{index}",
        "metadata": metadata,
        "outputs": [],
        "source": cell.source.splitlines(keepends=True),
    }
