"""Owns the names of proposed steps: from headings, or from what the cells do."""

import re
import unicodedata
from collections.abc import Iterable

from cellwright.compiler.reading.step_names import likeness, mended_name
from cellwright.compiler.suggesting.facts import CellFacts

_WORDS = re.compile(r"[^\W_]+")
_NUMBERING = re.compile(
    r"^\s*(?:(?:step|part|section|chapter)\s+)?[\divx]+(?:\.\d+)*\s*[.):-]\s*", re.IGNORECASE
)
_MARKUP = re.compile(r"<[^>]*>|!?\[([^\]]*)\]\([^)]*\)|`|\*\*")
_SMALL = re.compile(
    r"a|an|and|by|for|from|in|into|is|it|of|on|or|our|the|this|to|what|with", re.IGNORECASE
)
_LONGEST = 4  # words

_ACTIVITIES: tuple[tuple[str, frozenset[str], tuple[str, ...]], ...] = (
    ("split", frozenset({"train_test_split"}), ()),
    ("train", frozenset({"fit", "fit_transform", "fit_predict"}), ("train",)),
    ("load", frozenset(), ("read_", "load_", "fetch_")),
    (
        "evaluate",
        frozenset({"predict", "predict_proba", "score", "evaluate", "confusion_matrix", "auc"}),
        ("classification_report", "cross_val", "mean_squared", "mean_absolute"),
    ),
    ("save", frozenset({"savefig", "dump", "write_text"}), ("to_csv", "to_parquet", "to_excel")),
)
"""Per activity: the words that cells call, whole ones and beginnings; the first match counts."""


def heading_name(heading: str) -> str | None:
    """Return a step's name for a heading, or None where nothing is left of it."""
    plain = _NUMBERING.sub("", _MARKUP.sub(r"\1", unicodedata.normalize("NFC", heading)))
    words = [word.lower() for word in _WORDS.findall(plain.replace("'s ", "s "))]
    telling = [word for word in words if not _SMALL.fullmatch(word)] or words
    return mended_name("-".join(telling[:_LONGEST]))


def activity(own: CellFacts) -> str | None:
    """Return the usual word for what a cell does, told by what it calls; None for no such."""
    for name, words, beginnings in _ACTIVITIES:
        if own.calls & words or any(call.startswith(beginnings) for call in own.calls):
            return name
    if any(call.endswith("_score") for call in own.calls):
        return "evaluate"
    return None


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that is unlike those that are taken: itself, or with a number."""
    known = {likeness(each) for each in taken}
    number = 1
    found = name
    while likeness(found) in known:
        number += 1
        found = f"{name}-{number}"
    return found
