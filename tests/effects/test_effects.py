"""What the effects data say of libraries is held against the libraries."""

import importlib

import pytest

from cellwright.compiler.walking.effects import effects_data
from effects.libraries import exists
from effects.subjects import audit_module, audit_type

pytestmark = pytest.mark.filterwarnings("ignore")

TYPES = ("list", "tuple", "dict", "set", "bytearray", "io.buffer", "numpy.ndarray")
SLOW_TYPES = ("pandas.DataFrame", "pandas.GroupBy")
MODULES = (
    "builtins",
    "operator",
    "statistics",
    "itertools",
    "copy",
    "heapq",
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.random",
    "numpy.ma",
    "pandas",
)

ACCEPTED = {
    "numpy.object_": "what is given comes back",
    # nothing can be changed through it
    "ctypes": "an address",
    "data": "a buffer, which cannot travel",
    "printoptions": "a context, entered where it is made",
    "option_context": "a context, entered where it is made",
    "histogramdd": "a list of arrays within a tuple",
    "Grouper": "a description, not changed once made",
    "NamedAgg": "a description, not changed once made",
    "Interval": "immutable, by a public name that moved",
    "CategoricalDtype": "immutable, by a public name that moved",
    "Int64Dtype": "immutable, by a public name that moved",
    "StringDtype": "immutable, by a public name that moved",
    # asked of the accessor rather than of the table
    "loc": "the accessor, called",
    "iloc": "the accessor, called",
    # called with a function that gives what it is given: callbacks are followed
    "agg": "a function that gives back the groups",
    "aggregate": "a function that gives back the groups",
    # limits that are a table of another kind
    "clip": "an array clipped by the limits of a table",
}
"""Members that may differ from the data, each with the reason."""


def _unexplained(faults: list[str]) -> list[str]:
    found = []
    for fault in faults:
        path = fault.partition(": ")[0].removesuffix("()")
        if path not in ACCEPTED and path.rpartition(".")[2] not in ACCEPTED:
            found.append(fault)
    return found


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "name", [*TYPES, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW_TYPES)]
)
def test_methods_do_no_more_than_the_data_say(name):
    audit = audit_type(name)

    assert audit.audited >= audit.seen / 2
    assert _unexplained(audit.faults) == []


@pytest.mark.parametrize("name", MODULES)
def test_functions_do_no_more_than_the_data_say(name):
    audit = audit_module(name)

    assert audit.audited > 0
    assert _unexplained(audit.faults) == []


def test_the_audit_finds_what_the_data_leave_out():
    from cellwright.compiler.walking.effects import parse_effect
    from effects.judging import faults
    from effects.observing import observe

    numbers = [2, 1]
    sorting = observe(numbers.sort, numbers)
    assert sorting is not None
    assert faults(parse_effect("none"), sorting) == ["changes self"]
    assert faults(parse_effect("none changes:self"), sorting) == []

    import numpy as np

    array = np.arange(4)
    view = observe(array.reshape, array, ((2, 2),))
    assert view is not None
    assert faults(parse_effect("new:numpy.ndarray"), view) == ["shares with self"]
    assert faults(parse_effect("view"), view, receiver_type="numpy.ndarray") == []

    drawn = observe(np.random.rand)
    assert drawn is not None
    assert faults(parse_effect("new"), drawn) == ["changes state:numpy.random"]
    assert faults(parse_effect("new draws:numpy.random"), drawn) == []


@pytest.mark.parametrize("module", ["math", "random", "json", "shutil", "heapq", "bisect", "os"])
def test_the_names_of_a_module_are_there(module):
    importlib.import_module(module)
    names = [name for name in effects_data().modules[module] if name not in ("*", "^")]

    assert [name for name in names if not exists(f"{module}.{name.lstrip('.')}")] == []
