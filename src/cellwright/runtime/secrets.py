"""Owns keeping secret values out of what a step writes for people to read."""

import os
from collections.abc import Iterable
from typing import Any

MASK = "***"
SHORTEST = 4
"""Shorter values are left alone: to mask every `1` would make a log unreadable."""


class Redactor:
    """Masks the values of environment variables, in the spellings they are met in."""

    def __init__(self, names: Iterable[str]) -> None:
        forms: set[bytes] = set()
        for name in names:
            forms.update(_spellings(os.environ.get(name, "")))
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def __bool__(self) -> bool:
        return bool(self._forms)

    def masked(self, payload: bytes) -> bytes:
        """Return the payload with each secret masked."""
        for form in self._forms:
            if form in payload:
                payload = payload.replace(form, MASK.encode())
        return payload

    def text(self, text: str) -> str:
        """Return the text with each secret masked."""
        if not self._forms:
            return text
        return self.masked(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def plain(self, value: Any) -> Any:
        """Return plain JSON data with each secret in its strings masked."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.plain(item) for key, item in value.items()}
        return value

    def begun(self, payload: bytes) -> int:
        """Return how many last bytes of the payload may be the start of a secret."""
        most = 0
        for form in self._forms:
            for size in range(min(len(form) - 1, len(payload)), most, -1):
                if payload.endswith(form[:size]):
                    most = size
                    break
        return most


def _spellings(value: str) -> set[bytes]:
    if len(value) < SHORTEST:
        return set()
    import base64
    from urllib.parse import quote, quote_plus

    raw = os.fsencode(value)
    forms = {raw, quote(raw, safe="").encode(), quote(raw).encode(), quote_plus(raw).encode()}
    forms.add(repr(value)[1:-1].encode("utf-8", "surrogateescape"))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        # In a longer text a secret starts at any of three places of a group of three
        # bytes; only the characters that no neighbour takes part in are its own.
        for lead in range(3):
            coded = encode(b"\0" * lead + raw)
            first = (lead * 8 + 5) // 6
            last = (lead + len(raw)) * 8 // 6
            forms.add(coded[first:last])
    for line in raw.splitlines():
        if len(line) >= SHORTEST:
            forms.add(line)
    return {form for form in forms if len(form) >= SHORTEST}
