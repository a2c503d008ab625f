"""Owns the results of a corpus run: one JSON line a notebook, and the table over them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]

NOT_RUN = ("does not run", "no time")
"""Outcomes of notebooks that tell nothing about Cellwright."""


class Results:
    """The rows of a file; a run that is broken off goes on where it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: dict[str, Row] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self.rows[row["notebook"]] = row

    def add(self, row: Row) -> None:
        """Keep a row, in the file as well."""
        self.rows[row["notebook"]] = row
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(row, ensure_ascii=False) + "\n")

    def done(self, notebook: str, again: Iterable[str]) -> bool:
        """Tell whether a notebook has a row that is not to be made again."""
        row = self.rows.get(notebook)
        return row is not None and row["outcome"] not in set(again)


def table(rows: Iterable[Row]) -> str:
    """Return the counts of each outcome by gallery, as a table of Markdown."""
    rows = list(rows)
    counts: Mapping[str, Counter[str]] = {
        name: Counter(row["outcome"] for row in rows if row["gallery"] == name)
        for name in dict.fromkeys(row["gallery"] for row in rows)
    }
    outcomes = sorted({row["outcome"] for row in rows}, key=_rank)
    lines = [
        f"| gallery | {' | '.join(outcomes)} | all |",
        f"|---|{'---:|' * (len(outcomes) + 1)}",
    ]
    total: Counter[str] = sum(counts.values(), Counter())
    for name, found in (*counts.items(), ("**all**", total)):
        cells = [str(found[outcome]) for outcome in outcomes]
        lines.append(f"| {name} | {' | '.join(cells)} | {found.total()} |")
    return "\n".join(lines)


def refusals(rows: Iterable[Row]) -> str:
    """Return which rules refuse how many notebooks, with an example of each message."""
    found: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for row in rows:
        for rule in {finding["rule"] for finding in row.get("findings", ())}:
            found[rule] += 1
        for finding in row.get("findings", ()):
            place = f"{row['notebook']}, cell {finding['cell']}"
            examples.setdefault(finding["rule"], f"{finding['message']} ({place})")
    return "\n".join(f"{count:5} {rule}  {examples[rule]}" for rule, count in found.most_common())


def _rank(outcome: str) -> tuple[int, str]:
    order = ["equal", "compiled", "refused", "different", "crashed", *NOT_RUN]
    return (order.index(outcome) if outcome in order else len(order), outcome)
