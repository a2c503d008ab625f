"""Owns numpy arrays as `.npy` files, which every tool reads."""

import sys
from typing import Any

from .array_pickles import met, raw
from .faults import UnfitError
from .names import Names
from .sink import Sink, same_bytes


class NpyFormat:
    """Arrays of numbers that lie without gaps, in C or in Fortran order."""

    name = "npy"

    def accepts(self, value: Any) -> bool:
        """Take arrays of exactly numpy's own class that the header can describe."""
        numpy = sys.modules.get("numpy")
        return (
            numpy is not None
            and type(value) is numpy.ndarray
            and raw(value.dtype)
            and value.flags.forc
            and value.flags.writeable
            and value.flags.aligned
            and not value.dtype.metadata
            and not value.dtype.isalignedstruct
        )

    def save(self, value: Any, sink: Sink, names: Names) -> dict[str, Any]:  # noqa: ARG002
        """Write an array. Raises UnfitError where the header cannot describe it."""
        from numpy.lib import format as npy

        met(value, {})  # refuses memory that is a file's
        header = npy.header_data_from_array_1_0(value)
        if npy.descr_to_dtype(header["descr"]) != value.dtype:
            raise UnfitError("npy does not describe its type exactly")
        try:
            npy.write_array_header_1_0(sink, header)
        except ValueError as error:  # too long a description, or not in Latin-1
            raise UnfitError(str(error)) from error
        start = sink.tell()
        sink.write(_bytes_of(value))
        return {"data": start}

    def check(self, value: Any, path: str, meta: dict[str, Any], names: Names) -> str:  # noqa: ARG002
        """Compare. Raises UnfitError where it is not the same."""
        with open(path, "rb") as handle:
            shape, fortran, dtype, _ = _header(handle)
        if shape != value.shape or dtype != value.dtype:
            raise UnfitError("npy gives back another shape or type")
        if fortran != (value.flags.f_contiguous and not value.flags.c_contiguous):
            raise UnfitError("npy gives back another order")
        if not same_bytes(path, meta["data"], _bytes_of(value)):
            raise UnfitError("npy gives back other bytes")
        return "exact"

    def load(self, path: str, meta: dict[str, Any]) -> Any:  # noqa: ARG002
        """Return the array in a file, with its own memory."""
        import numpy as np

        with open(path, "rb", buffering=0) as handle:
            shape, fortran, dtype, start = _header(handle)
            made = np.empty(shape, dtype, order="F" if fortran else "C")
            handle.seek(start)
            view = _bytes_of(made)
            while view:
                got = handle.readinto(view)
                if not got:
                    raise EOFError(f"{path} is cut short")
                view = view[got:]
        return made


def _header(handle: Any) -> tuple[Any, bool, Any, int]:
    from numpy.lib import format as npy

    npy.read_magic(handle)
    shape, fortran, dtype = npy.read_array_header_1_0(handle)
    return shape, fortran, dtype, handle.tell()


def _bytes_of(array: Any) -> memoryview:
    import numpy as np

    turned = array if array.flags.c_contiguous else array.T
    return memoryview(turned.reshape(-1).view(np.uint8))
