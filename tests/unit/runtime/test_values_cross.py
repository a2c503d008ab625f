# ruff: noqa: ISC004
"""That a value is in the next step what it was in the last: kinds, bits, identity."""

import pytest

from support.attempts import Steps

# name: (code that makes `x`, code that prints what must be the same)
SCALARS = {
    "numbers": ("x = [0.1 + 0.2, -0.0, 2**80, True, None, 1e308, 5e-324]", "repr(x)"),
    "not finite": ("x = [float('inf'), float('-inf'), float('nan')]", "repr(x)"),
    "complex": ("x = complex(-0.0, float('inf'))", "repr(x)"),
    "containers": (
        "x = ((1, 2), {3, 8, 0}, frozenset({1}), [()], b'\\xff', bytearray(b'a'))",
        "repr(x)",
    ),
    "keys": ("x = {1: 'a', '1': 'b', (2, 3): 'c', None: 'd', True + 1: 'e'}", "repr(x)"),
    "a key that looks like ours": ("x = {'$': 'set', 'v': [1]}", "repr(x)"),
    "order of a dict": ("x = {'b': 1, 'a': 2}", "repr(x)"),
    "order of a set": ("x = {8, 0, 16}", "list(x)"),
    "times": (
        "import datetime as d\nz = d.timezone(d.timedelta(hours=1))\n"
        "x = [d.datetime(2020, 1, 1, 2, fold=1), d.datetime(2020, 1, 1, tzinfo=z), d.date(1, 1, 1),"
        " d.time(1, 2, 3, 4, d.timezone.utc), d.timedelta(-1, 5, 7), d.timezone(d.timedelta(0), 'X')]",
        "repr(x)",
    ),
    "zones": (
        "import datetime as d, zoneinfo\nx = d.datetime(2020, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Oslo'))",
        "repr(x)",
    ),
    "decimals": (
        "from decimal import Decimal\nfrom fractions import Fraction\n"
        "x = [Decimal('1.10'), Decimal('-0'), Decimal('sNaN'), Fraction(1, 3)]",
        "repr(x)",
    ),
    "paths": ("import pathlib, uuid\nx = [pathlib.Path('a/b'), uuid.UUID(int=5)]", "repr(x)"),
    "strings": ("x = ['\\ud800', '\\ud83d' + '\\ude00', 'é', '\\0', '', '\\u2028']", "ascii(x)"),
    "huge number": ("x = 7 ** 9000", "x == 7 ** 9000"),
    "scalars of numpy": (
        "import numpy as np\nx = [np.int64(7), np.float32(0.1), np.bool_(True), np.str_('s'), "
        "np.datetime64('2020-01-01'), np.float64('nan'), np.longdouble(1) / 3, np.bytes_(b'q')]",
        "[(type(v).__name__, repr(v)) for v in x]",
    ),
    "an iterator over an array": (
        "import numpy as np\na = np.arange(6).reshape(2, 3)\nf = a.flat\nnext(f), next(f)\n"
        "x = [a, f, a.T.flat]",
        "x[1].base is x[0], x[1].index, next(x[1]), list(x[1]), list(x[2])",
    ),
    "the one nan": (
        "import numpy as np, math\nx = [np.nan, math.nan, float('nan')]\nx.append(x[2])",
        "[v is np.nan for v in x], [v is math.nan for v in x], x[2] is x[3], x[2] in x",
    ),
    "subclasses": (
        "from collections import OrderedDict, Counter, defaultdict, deque, ChainMap\nimport array\n"
        "x = [OrderedDict(a=1), Counter('aab'), defaultdict(list, a=[1]), deque([1], 3),"
        " ChainMap({'a': 1}), array.array('i', [1])]",
        "repr(x)",
    ),
    "things by name": (
        "import os, json, math, random\nx = [json, os.path.join, len, math.pi, int, type(None),"
        " type(lambda: 0), type(len), NotImplemented, ..., random.Random]",
        "repr([v for v in x if v is not x[1]]), x[1]('a', 'b')",
    ),
    "a generator of random numbers": (
        "import random, numpy as np\nr, g = random.Random(3), np.random.default_rng(4)\nr.random()\n"
        "g.random()\nx = [r, g]",
        "[r.random() for r in x]",
    ),
    "a bound method of the global generator": (
        "import random\nx = random.random",
        "x.__self__ is random._inst",
    ),
    "an empty value": ("x = [[], {}, (), '', b'', set(), None]", "repr(x)"),
    "a slice and a range": (
        "x = [slice(1, None, 2), range(0, 9, 3), iter([1, 2])]",
        "x[:2], list(x[2])",
    ),
    "a regular expression": ("import re\nx = re.compile('a+', re.I)", "repr(x)"),
}


@pytest.mark.parametrize("case", SCALARS)
def test_plain_values_cross(steps: Steps, case: str) -> None:
    make, look = SCALARS[case]
    imports = "import math, random, json, re, array\nimport numpy as np\nimport datetime as d\n"
    first = steps.ok(make, outputs=("x",), definitions=imports)
    second = steps.ok(f"print({look})", inputs=((first, "x"),), definitions=imports)
    third = steps.ok(f"{make}\nprint({look})", definitions=imports)

    assert second.stdout == third.stdout


ARRAYS = {
    "empty": "np.empty((0, 3))",
    "no dimensions": "np.array(5.5)",
    "Fortran order": "np.asfortranarray(np.arange(6.).reshape(2, 3))",
    "turned": "np.arange(24.).reshape(2, 3, 4).transpose(1, 0, 2)",
    "stepped": "np.arange(20)[::3]",
    "backwards": "np.arange(5)[::-1]",
    "columns": "np.arange(12.).reshape(4, 3)[:, :2]",
    "broadcast": "np.broadcast_to(np.arange(3), (4, 3))",
    "big endian": "np.arange(3, dtype='>i4')",
    "structured": "np.array([(1, 'a')], dtype=[('n', 'i4'), ('s', 'U2')])",
    "aligned": "np.zeros(2, np.dtype([('a', 'i1'), ('b', 'f8')], align=True))",
    "with metadata": "np.zeros(2, np.dtype('f8', metadata={'u': 1}))",
    "times": "np.array(['2020-01-01', 'NaT'], dtype='datetime64[s]')",
    "complex": "np.array([1 + 2j, complex(float('nan'), -0.0)])",
    "half": "np.array([1.5, -0.0], dtype='f2')",
    "long": "np.array([1], dtype='longdouble') / 3",
    "texts": "np.array(['a', 'bcd'])",
    "bytes": "np.array([b'a', b'bcd'])",
    "objects": "np.array([1, 'a', None, [2]], dtype=object)",
    "new strings": "np.array(['a', 'long' * 50], dtype=np.dtypes.StringDType())",
    "read-only": "(lambda a: (a.setflags(write=False), a)[1])(np.arange(3))",
    "masked": "np.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=9)",
    "matrix": "np.matrix([[1, 2], [3, 4]])",
    "records": "np.rec.array([(1, 2.)], names='a,b')",
    "nan bits": "np.array([0x7ff8000000000001, 0xfff8000000000000], 'u8').view('f8')",
}

LOOK_AT_ARRAY = (
    "(type(x).__name__, x.dtype, x.dtype.metadata, x.dtype.isalignedstruct, x.shape, x.strides, "
    "x.flags.writeable, x.tobytes().hex() "
    "if x.dtype.kind not in 'OT' else x.tolist(), getattr(x, 'mask', None), getattr(x, 'fill_value', None))"
)


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_cross_with_type_layout_and_bits(steps: Steps, case: str) -> None:
    first = steps.ok(
        f"x = {ARRAYS[case]}\nprint({LOOK_AT_ARRAY})",
        outputs=("x",),
        definitions="import numpy as np",
    )
    second = steps.ok(f"print({LOOK_AT_ARRAY})", inputs=((first, "x"),))

    assert second.stdout == first.stdout


def test_an_array_that_owns_its_memory_owns_it_again(steps: Steps) -> None:
    first = steps.ok(
        "x = np.zeros(3)\ny = [x * 1]", outputs=("x", "y"), definitions="import numpy as np"
    )
    second = steps.ok(
        "x.resize(5)\ny[0].resize(5)\nprint(x, y)",
        inputs=((first, "x"), (first, "y")),
    )

    assert second.stdout == "[0. 0. 0. 0. 0.] [array([0., 0., 0., 0., 0.])]\n"


def test_arrays_that_share_memory_go_on_sharing_it(steps: Steps) -> None:
    first = steps.ok(
        "a = np.arange(6)\nv = a[:3]\nw = a[4:]\nlone = np.arange(100)[90:]\n"
        "o = np.array([[1], [2], [3]], dtype=object)\np = o[1:]",
        outputs=("a", "v", "w", "lone", "o", "p"),
        definitions="import numpy as np",
    )
    names = ("a", "v", "w", "lone", "o", "p")
    second = steps.ok(
        "v[:] = 0\nw[0] = 9\np[0] = 7\nprint(a.tolist(), lone.tolist(), o.ravel().tolist())",
        inputs=tuple((first, name) for name in names),
    )

    assert second.stdout == f"[0, 0, 0, 3, 9, 5] {list(range(90, 100))} [1, 7, 3]\n"
    members = {tuple(sorted(each.members)) for each in first.manifest.artifacts}
    assert ("a", "v", "w") in members
    assert ("lone",) in members
    assert first.manifest.artifacts[0].serializer == "bundle"


def test_a_view_inside_one_value_shares_memory_there(steps: Steps) -> None:
    first = steps.ok(
        "a = np.zeros(3)\nx = {'a': a, 'v': a[1:]}",
        outputs=("x",),
        definitions="import numpy as np",
    )
    second = steps.ok("x['v'][:] = 1\nprint(x['a'])", inputs=((first, "x"),))

    assert second.stdout == "[0. 1. 1.]\n"


def test_values_that_share_nothing_are_artifacts_of_their_own(steps: Steps) -> None:
    first = steps.ok(
        "a = [1]\nb = [1]\nc = 'text'\nd = {'c': c}\nt = (1, 2)\nu = [t]\ne = [t]\n"
        "train, test = np.arange(10)[:5], np.arange(10)[5:]",
        outputs=("a", "b", "c", "d", "u", "e", "train", "test"),
        definitions="import numpy as np",
    )

    assert all(len(each.members) == 1 for each in first.manifest.artifacts)


def test_a_sentinel_stays_the_one_it_was(steps: Steps) -> None:
    first = steps.ok("M = object()\nrow = [1, M]", outputs=("M", "row"))
    second = steps.ok("print([v is M for v in row])", inputs=((first, "M"), (first, "row")))

    assert second.stdout == "[False, True]\n"


def test_equal_values_made_differently_have_equal_bytes(steps: Steps) -> None:
    one = steps.ok(
        "x = {'key': ['a' * 3, 'aaa', (1, 2)], 'z': {'key'}, 'o': object}", outputs=("x",)
    )
    two = steps.ok(
        "k = ''.join(['k', 'ey'])\nx = {k: [''.join('aaa'), ''.join('aaa'), (1, 2)], 'z': "
        "{''.join(['ke', 'y'])}, 'o': object}",
        outputs=("x",),
    )
    again = steps.ok("x['q'] = 1\ndel x['q']", inputs=((two, "x"),), outputs=("x",))

    digests = {each.artifact("x").digest for each in (one, two, again)}
    assert len(digests) == 1
    assert one.artifact("x").serializer == "pickle"


def test_a_deep_value_crosses(steps: Steps) -> None:
    first = steps.ok("node = None\nfor i in range(20000): node = [node]", outputs=("node",))
    second = steps.ok(
        "d = 0\nwhile node:\n    node, d = node[0], d + 1\nprint(d)", inputs=((first, "node"),)
    )

    assert second.stdout == "20000\n"


def test_an_exception_crosses_with_its_cause_and_its_own_constructor(steps: Steps) -> None:
    first = steps.ok(
        "class Bad(Exception):\n    def __init__(self, code, text):\n"
        "        super().__init__(text)\n        self.code = code\n"
        "try:\n    try:\n        {}['k']\n    except KeyError as e:\n        raise Bad(3, 'no') from e\n"
        "except Bad as caught:\n    err = caught",
        outputs=("err", "Bad"),
    )
    second = steps.ok(
        "print(repr(err), err.code, repr(err.__cause__), isinstance(err, Bad))",
        inputs=((first, "err"), (first, "Bad")),
    )

    assert second.stdout == "Bad('no') 3 KeyError('k') True\n"
    assert first.artifact("err").fidelity == "without tracebacks of exceptions"


REFUSED = {
    "x = (i for i in [1])": ("`x`: `generator` cannot leave its process", "list("),
    "import threading\nx = {'a': [1, threading.Lock()]}": ("`x['a'][1]`: `_thread.lock`", "make it again"),
    "import threading\nx = threading.local()": ("`x`: `_thread._local`", "values"),
    "import threading\nx = threading.Thread()": ("`x`: `threading.Thread`", "join it"),
    "x = open('f', 'w')": ("`x`: `_io.TextIOWrapper`", "path"),
    "import weakref\nclass B: pass\nb = B()\nx = [weakref.ref(b)]": ("`x[0]`: `weakref.ReferenceType`", "object itself"),
    "x = memoryview(b'a')": ("`x`: `memoryview`", "view of"),
    "import re\nx = re.match('a', 'a')": ("`x`: `re.Match`", "groups"),
    "import socket\nx = socket.socket()": ("`x`: `socket.socket`", "connect"),
    "import sqlite3\nx = sqlite3.connect(':memory:')": ("`x`: `sqlite3.Connection`", "path"),
    "import subprocess\nx = subprocess.Popen(['true'])": ("`x`: `subprocess.Popen`", "wait"),
    "import tempfile\nx = tempfile.TemporaryDirectory()": ("`x`: `tempfile.TemporaryDirectory`", "path"),
    "class M:\n    pass\nx = M()\nx.callbacks = [M()]\nx.callbacks[0].lock = __import__('threading').RLock()": (
        "`x.callbacks[0].lock`: `_thread.RLock`",
        "make it again",
    ),
    "import threading\nlock = threading.Lock()\ndef f(): return lock\ndef make(l):\n    return lambda: l\nx = make(lock)": (
        "`x (its variable `l`)`: `_thread.lock`",
        "make it again",
    ),
    "import numpy as np\nx = np.memmap('m', mode='w+', shape=2)": ("`x`: the array is mapped to a file", "numpy.array"),
    "class R:\n    def __reduce__(self): raise ValueError('mine')\nx = [R()]": ("`x[0]`: `__main__.R` cannot be written: mine", ""),
    "from unittest.mock import MagicMock\nx = {'c': MagicMock()}": ("`x['c']`: `unittest.mock.MagicMock` cannot leave", "where it is used"),
    "import types\nx = types.ModuleType('made')": ("`x`: the module `made`", "import it"),
}  # fmt: skip


@pytest.mark.parametrize("make", REFUSED)
def test_what_cannot_travel_is_an_error_that_names_the_way_to_it(steps: Steps, make: str) -> None:
    said, hint = REFUSED[make]
    attempt = steps.run(make, outputs=("x",))

    assert attempt.manifest.state == "failed"
    assert attempt.manifest.error.kind == "output"
    assert attempt.manifest.error.message.startswith(said)
    assert hint in attempt.manifest.error.hint
    assert attempt.manifest.error.message in attempt.log


def test_reading_that_would_change_other_variables_is_refused(steps: Steps) -> None:
    attempt = steps.run(
        "LOADS = []\nobj = Loud()\nobj.v = 1",
        definitions="class Loud:\n    def __setstate__(self, st):\n        LOADS.append(1)\n"
        "        self.__dict__.update(st)",
        static=("Loud",),
        outputs=("LOADS", "obj"),
    )

    assert attempt.manifest.error.kind == "output"
    assert "`obj` is changed by being handed on" in attempt.manifest.error.message
    assert "`LOADS`" in attempt.manifest.error.message


def test_a_harmless_setstate_is_no_trouble(steps: Steps) -> None:
    static = "class Quiet:\n    def __setstate__(self, st):\n        self.__dict__.update(st)"
    first = steps.ok(
        "obj = Quiet()\nobj.v = 1", definitions=static, static=("Quiet",), outputs=("obj",)
    )
    second = steps.ok("print(obj.v)", definitions=static, inputs=((first, "obj"),))

    assert second.stdout == "1\n"


def test_an_output_that_is_not_bound_is_an_error_unless_it_is_optional(steps: Steps) -> None:
    from support.attempts import PortSpec

    strict = steps.run("x = 1", outputs=("y",))
    lenient = steps.ok("x = 1", outputs=(PortSpec("y", "value", optional=True), "x"))

    assert "`y` is not bound" in strict.manifest.error.message
    assert lenient.manifest.absent == ["y"]
