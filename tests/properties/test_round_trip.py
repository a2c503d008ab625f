"""That a value which is written and read again is the value that it was."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cellwright.runtime.faults import UnfitError
from cellwright.runtime.names import Names
from cellwright.runtime.serializers import formats
from cellwright.runtime.sink import Sink
from properties.budget import budget

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(), max_size=6)
    | st.binary(max_size=6)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
)
HASHABLE = SCALARS.filter(lambda value: value == value)  # no nan among keys
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.frozensets(HASHABLE, max_size=4)
        | st.builds(lambda value: [value, value], inner)
    ),
    max_leaves=12,
)
ARRAYS = arrays.arrays(
    arrays.scalar_dtypes() | arrays.array_dtypes(max_size=3),
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
) | st.builds(
    lambda made: made.T[..., ::-1] if made.ndim else made,
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(max_dims=3, max_side=4)),
)


def round_trips(value) -> dict[str, object]:
    """Return what each format gives back that says to do so exactly, by its name."""
    back = {}
    for each in formats():
        if not each.accepts(value):
            continue
        with tempfile.TemporaryDirectory() as folder:
            sink = Sink(str(Path(folder) / "value"))
            try:
                meta = each.save(value, sink, Names())
                sink.close()
                fidelity = each.check(value, sink.path, meta, Names())
                sink.settle()
                if fidelity == "exact":
                    back[each.name] = each.load(sink.path, meta)
            except UnfitError:
                continue
            finally:
                sink.abandon()
    return back


def told(value, seen: dict[int, int]) -> object:
    """Return a text that differs where two values differ: in kind, order, bits or identity."""
    kind = type(value).__name__
    if isinstance(value, list | dict | set) and id(value) in seen:
        return (kind, "again", seen[id(value)])
    seen[id(value)] = len(seen)
    if isinstance(value, float):
        return (kind, value.hex())
    if isinstance(value, complex):
        return (kind, value.real.hex(), value.imag.hex())
    if isinstance(value, dict):
        return (kind, [(told(k, seen), told(v, seen)) for k, v in value.items()])
    if isinstance(value, list | tuple | set | frozenset):
        return (kind, [told(part, seen) for part in value])
    return (kind, repr(value), getattr(value, "fold", None))


@pytest.mark.slow
@budget(150)
@given(VALUES)
def test_a_plain_value_that_is_kept_exactly_comes_back_with_kinds_order_bits_and_identity(
    value,
) -> None:
    for name, found in round_trips(value).items():
        assert told(found, {}) == told(value, {}), name


@pytest.mark.slow
@budget(150)
@given(ARRAYS)
def test_an_array_comes_back_with_its_type_shape_order_and_bits(array) -> None:
    back = round_trips(array)

    assert back
    for name, found in back.items():
        assert type(found) is np.ndarray, name
        assert (found.dtype, found.shape) == (array.dtype, array.shape), name
        assert found.tobytes() == array.tobytes(), name
        assert found.flags.writeable == array.flags.writeable, name
