"""Owns the formats of artifacts: which one a value gets, and that it gives the value back.

The formats are tried in order. Each is read back when it is written and compared with
the value; on any deviation the next is tried. What no format takes is an error.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from .faults import UnfitError
from .names import Names
from .sink import Sink

BUNDLE = "bundle"
"""Name of the format of an artifact with several members: a pickled dict of them."""
FILE = "file"
"""Name of the format of files; they are no values, so no serializer has it."""


class Serializer(Protocol):
    """A format: how one kind of value becomes bytes, and comes back."""

    name: str

    def accepts(self, value: Any) -> bool:
        """Tell whether the format is worth a try; cheap, and imports nothing."""

    def save(self, value: Any, sink: Sink, names: Names) -> dict[str, Any]:
        """Write a value, and return what reading needs beyond the bytes: plain JSON.

        Raises:
            UnfitError: the format cannot hold the value.
            OutputError: no format can.
        """

    def check(self, value: Any, path: str, meta: dict[str, Any], names: Names) -> str:
        """Compare what was written with the value, and return the fidelity.

        Raises:
            UnfitError: it is not the same.
        """

    def load(self, path: str, meta: dict[str, Any]) -> Any:
        """Return the value in a file."""


def formats() -> Iterable[Serializer]:
    """Yield all formats, the preferred first."""
    from .plain_format import PlainFormat

    yield PlainFormat()
    from .array_formats import NpyFormat

    yield NpyFormat()
    from .sparse_format import SparseFormat

    yield SparseFormat()
    from .pickle_format import PickleFormat

    yield PickleFormat()


def by_name(name: str) -> Serializer:
    """Return the format of that name.

    Raises:
        UnfitError: there is none: a newer runtime wrote the artifact.
    """
    for each in formats():
        if each.name == name:
            return each
    raise UnfitError(f"the artifact has the format `{name}`, which this runtime does not know")
