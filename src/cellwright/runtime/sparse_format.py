"""Owns sparse matrices of scipy as `.npz` files, which scipy and numpy read."""

import sys
from typing import Any

from .faults import UnfitError
from .names import Names
from .sink import Sink

_PARTS = ("data", "indices", "indptr", "row", "col", "coords", "offsets")


class SparseFormat:
    """Matrices and arrays of scipy in the five layouts that scipy itself can save."""

    name = "npz"

    def accepts(self, value: Any) -> bool:
        """Take the classes of scipy itself."""
        scipy = sys.modules.get("scipy.sparse")
        return (
            scipy is not None
            and type(value).__module__.startswith("scipy.sparse")
            and scipy.issparse(value)
            and value.format in ("csr", "csc", "coo", "bsr", "dia")
        )

    def save(self, value: Any, sink: Sink, names: Names) -> dict[str, Any]:  # noqa: ARG002
        """Write a matrix. Raises UnfitError where scipy would lose something."""
        import scipy.sparse

        own = {name for name in vars(value) if not name.startswith("_")}
        more = own - {"maxprint", "has_canonical_format", *_PARTS}
        if more:
            raise UnfitError(f"npz does not hold its {', '.join(sorted(more))}")
        scipy.sparse.save_npz(_ForNumpy(sink), value, compressed=False)  # type: ignore[arg-type,unused-ignore]
        return {}

    def check(self, value: Any, path: str, meta: dict[str, Any], names: Names) -> str:  # noqa: ARG002
        """Compare. Raises UnfitError where it is not the same."""
        import numpy as np

        back = self.load(path, meta)
        if type(back) is not type(value) or back.shape != value.shape:
            raise UnfitError("npz gives back another class or shape")
        for part in _PARTS:
            ours, theirs = getattr(value, part, None), getattr(back, part, None)
            for one, other in zip(_arrays(ours), _arrays(theirs), strict=True):
                if one.dtype != other.dtype or not np.array_equal(
                    one.view(np.uint8) if one.dtype.kind in "fc" else one,
                    other.view(np.uint8) if other.dtype.kind in "fc" else other,
                ):
                    raise UnfitError(f"npz gives back another {part}")
        return "exact"

    def load(self, path: str, meta: dict[str, Any]) -> Any:  # noqa: ARG002
        """Return the matrix in a file."""
        import scipy.sparse

        with open(path, "rb") as handle:
            return scipy.sparse.load_npz(handle)


class _ForNumpy:
    """A sink as numpy knows a file: by a `read`, which nobody calls."""

    def __init__(self, sink: Sink) -> None:
        self.write, self.tell, self.flush = sink.write, sink.tell, sink.flush

    def read(self, _size: int = -1) -> bytes:
        raise OSError("the file is open for writing only")


def _arrays(part: Any) -> tuple[Any, ...]:
    if part is None:
        return ()
    return part if isinstance(part, tuple) else (part,)
