"""Owns plain values as JSON files (see `plain` for what the JSON means)."""

from typing import Any

from . import plain
from .faults import UnfitError
from .names import Names
from .sink import Sink


class PlainFormat:
    """Numbers, strings, and containers of them: readable by people and other programs."""

    name = "json"

    def accepts(self, value: Any) -> bool:
        """Take whatever is of a builtin kind, or a scalar of numpy or the standard library."""
        module = type(value).__module__
        return module in _MODULES

    def save(self, value: Any, sink: Sink, names: Names) -> dict[str, Any]:  # noqa: ARG002
        """Write a value. Raises UnfitError where JSON would not give it back."""
        sink.write(plain.dumps(value))
        return {}

    def check(self, value: Any, path: str, meta: dict[str, Any], names: Names) -> str:  # noqa: ARG002
        """Compare. Raises UnfitError where it is not the same."""
        try:
            back = self.load(path, meta)
        except Exception as error:
            raise UnfitError(f"JSON does not give it back: {error}") from error
        if not plain.same(value, back):
            raise UnfitError("JSON does not give back the same value")
        return "exact"

    def load(self, path: str, meta: dict[str, Any]) -> Any:  # noqa: ARG002
        """Return the value in a file."""
        with open(path, "rb") as handle:
            return plain.loads(handle.read())


_MODULES = frozenset(
    {
        "builtins",
        "numpy",
        "datetime",
        "decimal",
        "fractions",
        "uuid",
        "pathlib",
        "pathlib._local",
    }
)
