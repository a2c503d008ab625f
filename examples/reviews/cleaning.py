"""From what people typed to words that a model can count."""

import html
import re

_MARKUP = re.compile(r"<[^>]+>")
_ADDRESS = re.compile(r"https?://\S+")
_NOT_WORDS = re.compile(r"[^a-z' ]+")
_SPACES = re.compile(r"\s+")

NEGATIONS = frozenset({"not", "never", "no", "nothing"})


def clean(text: str) -> str:
    """Return the text in lower case, without markup, addresses, digits and punctuation."""
    text = html.unescape(text)
    text = _MARKUP.sub(" ", text)
    text = _ADDRESS.sub(" ", text).lower()
    return _SPACES.sub(" ", _NOT_WORDS.sub(" ", text)).strip()


def words(text: str) -> list[str]:
    """Return the words of a clean text; the word after a negation is marked `not_…`."""
    result: list[str] = []
    denied = False
    for word in text.split():
        if word in NEGATIONS:
            denied = True
            continue
        result.append(f"not_{word}" if denied else word)
        denied = False
    return result
