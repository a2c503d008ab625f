# ruff: noqa: ISC004
"""That every ordinary value is in the next step what it was: one table, by library.

A case makes `X` and says what must be the same of it. All cases of a group are made in one
step, read in a second, and made and read in a third, which is how the notebook runs.
"""

import re

import pytest

from support.attempts import Steps

STANDARD = {
    "deque": ("X = collections.deque([1, [2]], maxlen=3)", "X, X.maxlen"),
    "Counter": ("X = collections.Counter('aab'); X['z'] -= 1", "X, X.total()"),
    "OrderedDict": ("X = collections.OrderedDict(b=1, a=2); X.move_to_end('b')", "X"),
    "defaultdict of list": ("X = collections.defaultdict(list, a=[1])", "X, X['new']"),
    "defaultdict of lambda": (
        "X = collections.defaultdict(lambda: collections.defaultdict(lambda: 7))\nX['a']['b']",
        "X['a'], X['c']['d'], list(X)",
    ),
    "ChainMap": ("X = collections.ChainMap({'a': 1}, {'b': 2})", "X, X['b']"),
    "UserDict": ("X = collections.UserDict(a=1)", "X, type(X)"),
    "array": ("X = array.array('d', [1.5, -0.0])", "X"),
    "regular expression": ("X = re.compile('(?P<n>a+)', re.I)", "X, X.match('AA')['n']"),
    "path": ("X = pathlib.Path('a') / 'b.csv', pathlib.PurePosixPath('/q')", "X, X[0].suffix"),
    "Decimal": ("X = [decimal.Decimal('1.10'), decimal.Decimal('-0'), decimal.Decimal('NaN')]", "X"),
    "Fraction": ("X = fractions.Fraction(-3, 9)", "X"),
    "moments": (
        "Z = zoneinfo.ZoneInfo('Europe/Oslo')\nX = [dt.datetime(2021, 10, 31, 2, 30, fold=1, tzinfo=Z), "
        "dt.time(1, tzinfo=Z), dt.date.max, dt.timedelta(-1), dt.timezone(dt.timedelta(hours=1), 'CE')]",
        "X, X[0].utcoffset(), X[0].tzinfo is X[1].tzinfo, X[0].tzinfo is zoneinfo.ZoneInfo('Europe/Oslo')",
    ),
    "slice and range": ("X = [slice(1, None, -2), range(9, 0, -3)]", "X, 'abcdef'[X[0]]"),
    "bytes": ("X = [b'\\0\\xff', bytearray(b'ab')]\nX.append(X[1])", "X, X[1] is X[2]"),
    "not a number": (
        "X = [float('nan'), math.nan]\nX.append(X[0])",
        "X, X[0] is X[2], X[1] is math.nan, X[0] in X, X.index(X[0])",
    ),
    "zeros": ("X = [-0.0, 0.0, complex(-0.0, 0.0), 0, False]", "X, math.copysign(1, X[0])"),
    "recursive list": ("X = [1]\nX.append(X)", "X, X[1] is X"),
    "recursive dict": ("X = {}\nX['me'] = X", "X['me'] is X"),
    "recursive object": (
        "class N:\n    def __init__(self, up=None):\n        self.up, self.down = up, []\n"
        "        up and up.down.append(self)\nX = N()\nN(X)",
        "X.down[0].up is X, len(X.down), type(X).__name__",
    ),
    "shared references": ("a = [1]\nX = [a, a, {'k': a}]", "X, X[0] is X[1], X[0] is X[2]['k']"),
    "iterators": (
        "X = [iter([1, 2, 3]), itertools.count(5, 2), itertools.chain([1], [2]), iter({'k': 1}), "
        "enumerate('ab'), zip('ab', [1, 2]), map(abs, [-1]), reversed([1, 2]), itertools.product('ab', [1])]\n"
        "next(X[0]), next(X[1])",
        "[list(itertools.islice(v, 3)) for v in X]",
    ),
    "random": ("X = random.Random(3)\nX.gauss(0, 1)", "X.random(), X.gauss(0, 1)"),
    "namedtuple": (
        "P = collections.namedtuple('P', 'x y', defaults=[0])\nX = P(1)",
        "X, X._replace(y=2), X._fields, P(4), isinstance(X, P)",
    ),
    "typing.NamedTuple": (
        "class Q(typing.NamedTuple):\n    a: int\n    b: str = 'z'\n    def both(self): return self.a, self.b\nX = Q(1)",
        "X, X.both(), Q.__annotations__, Q(2) == (2, 'z')",
    ),
    "TypedDict": ("class T(typing.TypedDict):\n    a: int\nX = T(a=1)", "X, T.__annotations__"),
    "a protocol": (
        "class H(typing.Protocol):\n    def go(self) -> int: ...\nclass L(H):\n    def go(self): return 1\nX = L()",
        "X.go(), typing.get_type_hints(H.go)",
    ),
    "dataclass": (
        "@dataclasses.dataclass(order=True)\nclass D:\n    n: int\n    tags: list = dataclasses.field(default_factory=list)\n"
        "X = [D(1), D(0)]\nX[0].tags.append(X[1])",
        "X, sorted(X), dataclasses.asdict(X[0]), dataclasses.replace(X[1], n=9)",
    ),
    "frozen dataclass with slots": (
        "@dataclasses.dataclass(frozen=True, slots=True)\nclass F:\n    n: int\n    m: int = 2\nX = {F(1): 'one'}",
        "X, X[F(1)], hasattr(F(1), '__dict__')",
    ),
    "enums": (
        "class C(enum.Enum):\n    R = 1\n    G = 'g'\n    ALIAS = 1\n    def low(self): return self.name.lower()\n"
        "X = [C.R, C.ALIAS, C('g')]",
        "X, X[0] is C.R, X[1] is C.R, X[2].low(), list(C)",
    ),
    "flags": (
        "class W(enum.Flag):\n    A = enum.auto()\n    B = enum.auto()\nclass I(enum.IntFlag):\n    A = 1\n    B = 4\n"
        "X = [W.A | W.B, W(0), ~W.A, I.A | I.B | 8]",
        "X, W.A in X[0], X[2] is W.B, int(X[3])",
    ),
    "enum by function": (
        "S = enum.Enum('S', 'RED BLUE')\nT = enum.IntEnum('T', {'LOW': 1})\nV = enum.StrEnum('V', ['A'])\nX = [S.RED, T.LOW, V.A]",
        "X, X[0] is S.RED, X[1] + 1, X[2] + '!', S['BLUE']",
    ),
    "exceptions": (
        "class E(ValueError):\n    def __init__(self, code, *, why):\n        super().__init__(f'{code}: {why}')\n"
        "        self.code, self.why = code, why\ntry:\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n"
        "        raise E(3, why='no') from e\nexcept E as caught:\n    caught.add_note('n')\n    X = caught",
        "X, X.code, X.why, X.__cause__, X.__notes__, isinstance(X, E)",
    ),
    "exception groups": (
        "X = ExceptionGroup('g', [ValueError(1), OSError(2, 'no such', 'f')])",
        "X, X.exceptions, X.exceptions[1].errno, X.exceptions[1].filename",
    ),
    "closures": (
        "def make(n):\n    def up(by=1):\n        nonlocal n\n        n += by\n        return n\n    return up\nX = make(5)\nX()",
        "X(), X(by=3), X.__name__",
    ),
    "partials": (
        "X = [functools.partial(int, base=2), functools.partial(sorted, key=lambda v: -v), "
        "functools.partialmethod(int)]",
        "X[0]('101'), X[1]([1, 2]), type(X[2])",
    ),
    "bound methods": (
        "class Acc:\n    total = 0\n    def add(self, v):\n        self.total += v\n        return self.total\n"
        "a = Acc()\nX = [a.add, a.add, 'x-y'.split, [3].append, dict.fromkeys, Acc.add]\nX[0](2)",
        "X[0](1), X[1](1), X[0].__self__ is X[1].__self__, X[2]('-'), X[4]('a'), X[5](Acc(), 3)",
    ),
    "operators": ("X = [operator.itemgetter(1), operator.attrgetter('real'), operator.methodcaller('upper')]", "X[0]('ab'), X[1](1j), X[2]('a')"),
    "functions that are wrapped": (
        "@functools.wraps(len)\ndef f(*a): return len(*a)\n@functools.singledispatch\ndef g(v): return 'any'\n"
        "@g.register\ndef _(v: int): return 'int'\nX = [f, g]",
        "X[0].__name__, X[0]('abc'), X[1](1), X[1]('a')",
    ),
    "typing": ("T = typing.TypeVar('T')\nclass G(typing.Generic[T]):\n    v: T\nX = [list[int], typing.Optional[str], int | None, G[int], G()]", "X[:3], X[3].__args__, type(X[4]) is G"),
    "generic values": ("X = [types.SimpleNamespace(a=1), types.MappingProxyType({'k': [1]}), uuid.UUID(int=3), ipaddress.ip_network('10.0.0.0/8')]", "X, X[0].a"),
    "text and binary streams": ("X = [io.StringIO('ab'), io.BytesIO(b'cd')]\nX[0].read(1)", "X[0].read(), X[1].getvalue()"),
    "weak dictionaries": (
        "class K: pass\nk = K()\nd = weakref.WeakValueDictionary(a=k)\nX = [k, d, weakref.WeakSet([k])]",
        "X[1]['a'] is X[0], len(X[1]), X[0] in X[2], len(X[2])",
    ),
    "templates": ("X = [string.Template('$a'), '{}-{}'.format, argparse.Namespace(q=1), logging.getLogger('a.b')]", "X[0].substitute(a=2), X[1](1, 2), X[2], X[3].name, X[3] is logging.getLogger('a.b')"),
}  # fmt: skip

NUMPY = {
    "scalars": (
        "X = [np.int8(-1), np.uint64(2**63), np.float16(0.1), np.complex64(1j), np.bool_(0), np.str_('é'), "
        "np.bytes_(b'q'), np.datetime64('2020-01', 'M'), np.timedelta64(3, 'h'), np.void(b'ab'), np.longdouble(1) / 3]",
        "[(type(v), v) for v in X]",
    ),
    "not a number": ("X = [np.nan, np.float64('nan'), np.array([np.nan])]", "X, X[0] is np.nan"),
    "zeros": ("X = np.array([-0.0, 0.0])", "np.signbit(X)"),
    "object array": ("X = np.array([1, 'a', None, [2], {3}], dtype=object)\nX[3].append(X[4])", "X, X[3][1] is X[4]"),
    "structured": ("X = np.array([(1, 2.5, 'ab')], dtype=[('n', '<i2'), ('v', '>f8'), ('s', 'U3')])", "X, X.dtype, X['v']"),
    "nested structured": ("X = np.zeros(2, dtype=[('p', [('x', 'f4'), ('y', 'f4')]), ('q', 'i1', (2, 2))])", "X, X.dtype"),
    "structured with objects": ("X = np.array([(1, [2])], dtype=[('n', 'i4'), ('o', 'O')])", "X, X['o'][0]"),
    "records": ("X = np.rec.array([(1, 'a')], names='n,s')", "X, X.n, type(X[0])"),
    "masked": ("X = np.ma.masked_invalid([1, np.nan, 3])", "X, X.mask, X.mean(), X.fill_value, np.ma.masked is X[1]"),
    "generator": ("X = np.random.default_rng(7)\nX.normal(size=3)", "X.normal(size=3), X.bit_generator.state['bit_generator']"),
    "other generators": (
        "X = [np.random.RandomState(3), np.random.Generator(np.random.MT19937(1)), np.random.Philox(2), np.random.SeedSequence(5)]\n"
        "X[0].randn(3), X[1].random()",
        "X[0].randn(2), X[0].permutation(4), X[1].random(), np.random.Generator(X[2]).random(), X[3].spawn(1)[0].entropy",
    ),
    "two that share one": ("g = np.random.PCG64(1)\nX = [np.random.Generator(g), np.random.Generator(g)]", "X[0].random(), X[1].random(), X[0].bit_generator is X[1].bit_generator"),
    "views": ("b = np.arange(12).reshape(3, 4)\nX = {'b': b, 'row': b[1], 't': b.T, 's': b[::2, 1::2]}\nX['row'][0] = 99", "X, [np.shares_memory(X['b'], v) for v in X.values()], X['t'].strides"),
    "types of elements": ("X = [np.dtype('M8[us]'), np.float32, np.dtype([('a', 'i4')])]", "X"),
    "functions": ("X = [np.sin, np.vectorize(lambda v: v + 1), np.poly1d([1, 2]), np.add.reduce]", "X[0](0.5), X[1]([1]), X[2](2), X[3]([1, 2])"),
    "big endian and Fortran": ("X = np.asfortranarray(np.arange(6, dtype='>i4').reshape(2, 3))", "X, X.dtype, X.strides"),
    "read-only": ("X = np.arange(3)\nX.flags.writeable = False", "X, X.flags.writeable"),
    "matrix and chararray": ("X = [np.matrix('1 2'), np.char.array(['a'])]", "X, X[0] * X[0].T"),
}  # fmt: skip

PANDAS = {
    "categoricals": ("X = pd.DataFrame({'c': pd.Categorical(['b', 'a', None], ['b', 'a', 'z'], ordered=True)})", "X, X.c.cat.categories, X.c.min(), X.c.cat.codes.tolist()"),
    "time zones": ("X = pd.date_range('2021-10-30', periods=4, freq='D', tz='Europe/Oslo').to_series()", "X, X.index.freq, X.dt.tz, X.index.tz"),
    "MultiIndex": ("X = pd.DataFrame({'v': [1, 2]}, pd.MultiIndex.from_product([['a'], [1, 2]], names=['p', None])).iloc[1:]", "X, X.index.levels, X.index.names"),
    "intervals": ("X = pd.cut([1, 5, 9], 3)", "X, X.categories, X.codes.tolist()"),
    "interval index": ("X = pd.Series([1, 2], pd.IntervalIndex.from_breaks([0, 1, 2], closed='left'))", "X, X[0.5], X.index.closed"),
    "periods": ("X = pd.Series([1, 2], pd.period_range('2020-11', periods=2, freq='M'))", "X, X['2020-12'], X.index.freq"),
    "sparse": ("X = pd.DataFrame({'s': pd.arrays.SparseArray([0, 0, 3], fill_value=0)})", "X, X.dtypes, X.sparse.density"),
    "nullable": ("X = pd.DataFrame({'i': pd.array([1, None], 'Int8'), 'f': pd.array([None, 2.5], 'Float32'), 'b': pd.array([True, None], 'boolean')})", "X, X.dtypes, X.i[1] is pd.NA, X.sum()"),
    "text": ("X = pd.DataFrame({'a': pd.array(['x', None], 'string'), 'b': ['y', 'z'], 'o': pd.Series(['q', 1], dtype=object)})", "X, X.dtypes, X.a[1] is pd.NA"),
    "durations": ("X = pd.Series(pd.to_timedelta(['1D', None, '3h']))", "X, X.sum()"),
    "scalars": ("X = [pd.Timestamp('2020', tz='UTC'), pd.Timedelta('1ns'), pd.NaT, pd.NA, pd.Period('2020Q1'), pd.offsets.MonthEnd(2), pd.Interval(0, 1)]", "X, X[2] is pd.NaT, X[3] is pd.NA"),
    "grouped": ("X = pd.DataFrame({'k': [1, 2, 1], 'v': [1., 2., 3.]}).groupby('k', sort=False)", "X.sum(), X.ngroups, X['v'].mean(), list(X.groups)"),
    "grouped by a function": ("X = pd.Series([1, 2, 3]).groupby(lambda at: at % 2)", "X.sum(), X.get_group(1)"),
    "rolling": ("X = pd.Series([1., 2., 4.]).rolling(2, min_periods=1)", "X.sum()"),
    "style": ("X = pd.DataFrame({'v': [1.25]}).style.format('{:.1f}').set_caption('c')", "re.sub('T_[0-9a-f]+', 'T', X.to_html())"),
    "attributes and flags": ("X = pd.DataFrame({'v': [1]}).set_flags(allows_duplicate_labels=False)\nX.attrs['u'] = ('kg', 1)", "X.attrs, X.flags"),
    "subclass": ("class Table(pd.DataFrame):\n    _metadata = ['unit']\n    @property\n    def _constructor(self): return Table\nX = Table({'v': [1]})\nX.unit = 'kg'", "X, type(X).__name__, X.unit, type(X[['v']]).__name__"),
    "indexes": ("X = [pd.RangeIndex(3), pd.Index(['a', None]), pd.CategoricalIndex(['x']), pd.Index([1.5]), pd.TimedeltaIndex(['1D'])]", "X"),
    "frames in a dict": ("X = {'train': pd.DataFrame({'v': [1, 2]}), 'test': pd.Series([3])}", "X"),
    "columns of lists": ("X = pd.DataFrame({'l': [[1], [1, 2]], 'd': [{'a': 1}, None]})", "X, type(X.l[0]), type(X.d[0])"),
}  # fmt: skip

LEARNING = {
    "estimator": ("X = LogisticRegression(C=2).fit(A, y)", "X, X.coef_, X.predict_proba(A[:2]), X.n_features_in_"),
    "pipeline with a function": ("X = make_pipeline(FunctionTransformer(lambda v: v * 2), StandardScaler(), LogisticRegression()).fit(A, y)", "X.predict_proba(A[:2]), X[0].func(3)"),
    "a transformer of the notebook": (
        "class Shift(BaseEstimator, TransformerMixin):\n    def __init__(self, by=1): self.by = by\n    def fit(self, A, y=None):\n"
        "        self.mean_ = A.mean(0)\n        return self\n    def transform(self, A): return A - self.mean_ + self.by\n"
        "X = Pipeline([('shift', Shift(by=2)), ('model', LogisticRegression())]).fit(A, y)",
        "X, X.predict_proba(A[:2]), X.named_steps['shift'].mean_, X.get_params()['shift__by'], clone(X).get_params()['shift__by']",
    ),
    "columns": (
        "X = ColumnTransformer([('n', StandardScaler(), ['a', 'b']), ('k', OneHotEncoder(), ['k'])], remainder='passthrough').fit(F)",
        "X.transform(F)[:2], X.get_feature_names_out(), X.feature_names_in_",
    ),
    "forest": ("X = RandomForestClassifier(5, random_state=0).fit(A, y)", "X.predict_proba(A[:3]), X.feature_importances_"),
    "search": ("X = GridSearchCV(LogisticRegression(), {'C': [0.1, 1]}, cv=2).fit(A, y)", "X.best_params_, X.predict(A[:3]), X.cv_results_['mean_test_score']"),
    "with a generator": ("X = RandomForestClassifier(3, random_state=np.random.RandomState(5))", "X.fit(A, y).predict_proba(A[:3])"),
}  # fmt: skip

GROUPS = {
    "standard library": (
        STANDARD,
        "import array, argparse, collections, dataclasses, datetime as dt, decimal, enum, fractions, "
        "functools, io, ipaddress, itertools, logging, math, operator, pathlib, random, re, string, "
        "types, typing, uuid, weakref, zoneinfo",
    ),
    "numpy": (NUMPY, "import numpy as np"),
    "pandas": (PANDAS, "import re\nimport numpy as np\nimport pandas as pd"),
    "sklearn": (
        LEARNING,
        "import numpy as np\nimport pandas as pd\nfrom sklearn.base import BaseEstimator, TransformerMixin, clone\n"
        "from sklearn.compose import ColumnTransformer\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import GridSearchCV\n"
        "from sklearn.pipeline import Pipeline, make_pipeline\n"
        "from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler\n"
        "A = np.random.default_rng(0).normal(size=(40, 3))\ny = A[:, 0] > 0\n"
        "F = pd.DataFrame(A, columns=list('abc')).assign(k=['u', 'v'] * 20)",
    ),
}

# Names that a case's value refers to are outputs of its step, as the compiler would have it.
ALSO = re.compile(r"^(?:class (\w+)|(\w+) = (?:collections\.namedtuple|enum\.\w+)\()", re.MULTILINE)


def laid_out(cases: dict) -> tuple[list[str], list[str], list[tuple[str, ...]]]:
    """Return the cells that make the values, those that look at them, and their names."""
    making, looking, names = [], [], []
    for at, (name, (make, look)) in enumerate(cases.items()):
        defined = [one or other for one, other in ALSO.findall(make)]

        def own(text: str, at: int = at, known: tuple = (*defined, "X")) -> str:
            return re.sub(rf"(?<![\w.'])\b({'|'.join(known)})\b(?!')", rf"\1_{at}", text)

        making.append(own(make))
        looking.append(f"print({name!r}, '->', repr(({own(look)}, ))[1:-1])")
        names.append((f"X_{at}", *map(own, defined)))
    return making, looking, names


@pytest.mark.parametrize("group", GROUPS)
def test_every_ordinary_value_is_the_same_in_the_next_step(steps: Steps, group: str) -> None:
    if group in ("pandas", "sklearn"):
        pytest.importorskip(group)
    cases, imports = GROUPS[group]
    making, looking, names = laid_out(cases)
    ports = [each for group in names for each in group]

    first = steps.ok(*making, outputs=ports, definitions=imports, timeout=180)
    second = steps.ok(
        *looking, inputs=[(first, port) for port in ports], definitions=imports, timeout=180
    )
    together = steps.ok(*making, *looking, definitions=imports, timeout=180)

    there, here = (re.sub(r" at 0x\w+", "", each.stdout) for each in (second, together))
    assert there.split("\n") == here.split("\n")
    assert together.stdout.count("->") >= len(cases)


def test_references_between_variables_stay(steps: Steps) -> None:
    first = steps.ok(
        "config = {'lr': 1}\nclass Model:\n    pass\nmodel = Model()\nmodel.config = config\n"
        "history = [model, config]\nalone = [config.copy()]",
        outputs=("config", "Model", "model", "history", "alone"),
    )
    ports = [(first, name) for name in ("config", "Model", "model", "history", "alone")]
    second = steps.ok(
        "config['lr'] = 2\nprint(model.config, history[1] is config, history[0] is model, alone)",
        inputs=ports,
    )

    assert second.stdout == "{'lr': 2} True True [{'lr': 1}]\n"


REFUSED = {
    "(v for v in [1])": "list(",
    "threading.Lock()": "make it again",
    "threading.RLock()": "make it again",
    "threading.Condition()": "make it again",
    "threading.Event()": "make it again",
    "queue.Queue()": "make it again",
    "open('t', 'w')": "path",
    "open('t', 'wb')": "path",
    "gzip.open('t', 'wb')": "path",
    "sqlite3.connect(':memory:')": "path",
    "socket.socket()": "connect",
    "threading.Thread()": "join",
    "concurrent.futures.ThreadPoolExecutor()": "make it again",
    "weakref.ref(set())": "object itself",
    "memoryview(b'a')": "view of",
    "csv.writer(io.StringIO())": "path",
    "csv.reader(['a,b'])": "list",
    "os.scandir('.')": "list",
    "asyncio.new_event_loop()": "make it again",
    "hashlib.sha256(b'a')": "hexdigest",
    "zipfile.ZipFile('t', 'w')": "path",
    "select.epoll()": "",
    "inspect.currentframe()": "",
    "contextvars.ContextVar('v')": "",
    "ctypes.pointer(ctypes.c_int(1))": "",
}


def test_what_cannot_travel_is_refused_by_name_with_what_to_do(steps: Steps) -> None:
    imports = (
        "import asyncio, concurrent.futures, contextvars, csv, ctypes, gzip, hashlib, inspect, io, "
        "os, queue, select, socket, sqlite3, threading, weakref, zipfile"
    )
    for make, advice in REFUSED.items():
        attempt = steps.run(f"box = {{'inside': [{make}]}}", outputs=("box",), definitions=imports)

        error = attempt.manifest.error
        assert error is not None, make
        assert error.kind == "output", (make, error)
        assert error.message.startswith("`box['inside'][0]"), (make, error.message)
        assert advice in error.hint, (make, error.hint)
