"""Loads the conformance cases: small notebooks with what must come of each."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from support.notebooks import CodeCell, ipynb

SHARED = Path(
    os.environ.get("CELLWRIGHT_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
CASES = SHARED / "conformance" / "cases.json"


@dataclass(frozen=True)
class Case:
    """One case; the fields are described beside the file."""

    id: str
    group: str
    title: str
    cells: tuple[CodeCell, ...]
    runner: str
    expect: str
    also_ok: tuple[str, ...]
    check: Mapping[str, Any]
    diagnostic: Mapping[str, Any] = field(default_factory=dict)
    io: Mapping[str, Any] = field(default_factory=dict)
    io_minimal: bool = False
    joint_transport: bool = False
    carry_source: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    note: str = ""

    def payload(self) -> bytes:
        """Return the case as a notebook file."""
        return ipynb(self.cells)


@cache
def conformance_cases() -> tuple[Case, ...]:
    """Return all cases, or none where they are not at hand."""
    if not CASES.is_file():
        return ()
    document = json.loads(CASES.read_text(encoding="utf-8"))
    return tuple(_case(each) for each in document)


def cases_of(*groups: str) -> list[Case]:
    """Return the cases of some groups."""
    return [case for case in conformance_cases() if case.group in groups]


def _case(each: Mapping[str, Any]) -> Case:
    fields = dict(each)
    fields["cells"] = tuple(
        CodeCell(cell["source"], tuple(cell["tags"])) for cell in fields["cells"]
    )
    for name in ("also_ok", "requires"):
        fields[name] = tuple(fields.get(name) or ())
    known = Case.__dataclass_fields__
    return Case(**{name: value for name, value in fields.items() if name in known})
