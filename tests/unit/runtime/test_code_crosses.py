# ruff: noqa: ISC004
"""That functions and classes of the notebook mean in the next step what they meant."""

import pytest

from support.attempts import Steps

# name: (cell that makes the outputs, their names, cell that uses them, what it prints)
CASES = {
    "a lambda": ("f = lambda v: v * 2", "f", "print(f(2))", "4"),
    "late binding": ("k = 1\ndef f(): return k", "f", "k = 5\nprint(f())", "5"),
    "a closure": (
        "def make(n):\n    def add(v): return v + n\n    return add\nadd5 = make(5)",
        "add5",
        "print(add5(1), add5.__name__, add5.__qualname__)",
        "6 add make.<locals>.add",
    ),
    "cells shared by two functions": (
        "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n"
        "    def get(): return n\n    return inc, get\ninc, get = make()\ninc()",
        "inc get",
        "inc()\nprint(get())",
        "2",
    ),
    "recursion in a closure": (
        "def make():\n    def f(n): return n and n + f(n - 1)\n    return f\nf = make()",
        "f",
        "print(f(4))",
        "10",
    ),
    "defaults that keep state": (
        "def collect(v, acc=[], *, k={}):\n    acc.append(v)\n    k[v] = 1\n    return acc, k\ncollect(1)",
        "collect",
        "print(collect(2))",
        "([1, 2], {1: 1, 2: 1})",
    ),
    "attributes": ("def f():\n    f.n += 1\n    return f.n\nf.n = 0\nf()", "f", "print(f())", "2"),
    "a decorated function": (
        "import functools\ndef counted(fn):\n    @functools.wraps(fn)\n    def w(*a):\n"
        "        w.calls += 1\n        return fn(*a)\n    w.calls = 0\n    return w\n"
        "@counted\ndef inc(v): return v + 1\ninc(1)",
        "inc",
        "inc(2)\nprint(inc.calls, inc.__name__, inc.__wrapped__(1))",
        "2 inc 2",
    ),
    "a partial": (
        "from functools import partial\nf = partial(lambda a, b: a + b, 3)",
        "f",
        "print(f(4))",
        "7",
    ),
    "a generator function": (
        "def g(n):\n    for i in range(n): yield i",
        "g",
        "print(list(g(3)))",
        "[0, 1, 2]",
    ),
    "a coroutine function": ("async def g(): return 7", "g", "print(await g())", "7"),
    "annotations and docs": (
        "def f(a: int, b: 'x' = 2) -> str:\n    'doc'",
        "f",
        "print(f.__annotations__, f.__doc__, f.__module__)",
        "{'a': <class 'int'>, 'b': 'x', 'return': <class 'str'>} doc __main__",
    ),
    "the source": (
        "def f(v):\n    return v + 1  # why",
        "f",
        "import inspect\nprint(inspect.getsource(f))",
        "def f(v):\n    return v + 1  # why\n",
    ),
    "a class and its instance": (
        "class P:\n    n = 0\n    def __init__(self, x): self.x = x\n    @property\n"
        "    def twice(self): return 2 * self.x\n    @classmethod\n    def make(cls): return cls(1)\n"
        "    @staticmethod\n    def s(): return 's'\n    class In: v = 4\np = P(3)",
        "P p",
        "print(p.twice, isinstance(p, P), P.make().x, P.s(), P.In.v, P.__module__)",
        "6 True 1 s 4 __main__",
    ),
    "super and __class__": (
        "class A:\n    def who(self): return ['A']\nclass B(A):\n"
        "    def who(self): return super().who() + [__class__.__name__]",
        "A B",
        "print(B().who(), issubclass(B, A))",
        "['A', 'B'] True",
    ),
    "a local class": (
        "def build():\n    class Q:\n        def __init__(self): self.v = 5\n    return Q()\nq = build()",
        "q",
        "print(q.v, type(q).__qualname__)",
        "5 build.<locals>.Q",
    ),
    "state in a class": (
        "class C:\n    level = 1\nC.level = 5\nc = C()",
        "C c",
        "print(C.level, c.level)",
        "5 5",
    ),
    "slots and a registry": (
        "class I:\n    __slots__ = ('n', '__weakref__')\n    all = []\n    def __init__(self, n):\n"
        "        self.n = n\n        I.all.append(self)\nI(1)",
        "I",
        "I(2)\nprint([i.n for i in I.all])",
        "[1, 2]",
    ),
    "hooks that must not run again": (
        "class Plugin:\n    found = []\n    def __init_subclass__(cls, **kw):\n"
        "        Plugin.found.append(cls.__name__)\nclass Csv(Plugin): pass",
        "Plugin Csv",
        "class Json(Plugin): pass\nprint(Plugin.found)",
        "['Csv', 'Json']",
    ),
    "a metaclass of the notebook": (
        "class Meta(type):\n    made = []\n    def __new__(m, n, b, d):\n        Meta.made.append(n)\n"
        "        return super().__new__(m, n, b, d)\n    def __len__(cls): return 3\n"
        "class K(metaclass=Meta): pass",
        "Meta K",
        "print(Meta.made, len(K))",
        "['K'] 3",
    ),
    "a descriptor with a name": (
        "class D:\n    def __set_name__(self, owner, name): self.name = name\n"
        "    def __get__(self, obj, kind): return self.name\nclass H:\n    field = D()",
        "H",
        "print(H.field)",
        "field",
    ),
    "abstract classes": (
        "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def go(self): ...\n"
        "class Real(Base):\n    def go(self): return 1\nBase.register(int)",
        "Base Real",
        "print(Real().go(), isinstance(5, Base), sorted(Base.__abstractmethods__))\n"
        "try:\n    Base()\nexcept TypeError:\n    print('abstract')",
        "1 True ['go']\nabstract",
    ),
    "dataclasses": (
        "from dataclasses import dataclass, field, fields, replace, MISSING\n"
        "@dataclass(order=True)\nclass Car:\n    n: int\n    tags: list = field(default_factory=list)\n"
        "@dataclass(frozen=True, slots=True)\nclass Pt:\n    x: int = 0\ncar, pt = Car(1), Pt(2)",
        "Car Pt car pt",
        "import dataclasses\nprint(car == Car(1), Car(0) < car, Car(2).tags, dataclasses.replace(pt, x=3), "
        "[f.default is dataclasses.MISSING for f in dataclasses.fields(Car)], Pt.__slots__)\n"
        "try:\n    pt.x = 1\nexcept dataclasses.FrozenInstanceError:\n    print('frozen')",
        "True True [] Pt(x=3) [True, True] ('x',)\nfrozen",
    ),
    "enumerations": (
        "import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = (2, 'b')\n    ROT = 1\n"
        "    def label(self): return self.name.lower()\nclass Bit(enum.Flag):\n    A = 1\n    B = 2\n"
        "class Num(enum.IntEnum):\n    ONE = 1\n"
        "class Planet(enum.Enum):\n    EARTH = (5, 6)\n    def __init__(self, m, r): self.g = m / r\n"
        "c, b = Color.RED, Bit.A | Bit.B",
        "Color Bit Num Planet c b",
        "print(c is Color.RED, Color(1) is c, Color.ROT is c, c.label(), [m.name for m in Color], "
        "b == Bit.A | Bit.B, Num.ONE + 1, round(Planet.EARTH.g, 3), Color['BLUE'].value)",
        "True True True red ['RED', 'BLUE'] True 2 0.833 (2, 'b')",
    ),
    "named tuples": (
        "from typing import NamedTuple\nfrom collections import namedtuple\n"
        "class Pt(NamedTuple):\n    x: int\n    y: int = 2\n    def s(self): return self.x + self.y\n"
        "Old = namedtuple('Old', 'a b')\np, o = Pt(1), Old(1, 2)",
        "Pt Old p o",
        "print(p, p.s(), Pt(5).y, isinstance(p, Pt), o, o._replace(a=9), Old._fields)",
        "Pt(x=1, y=2) 3 2 True Old(a=1, b=2) Old(a=9, b=2) ('a', 'b')",
    ),
    "generics and protocols": (
        "from typing import Generic, TypeVar, Protocol\nT = TypeVar('T')\nclass S(Generic[T]):\n"
        "    def __init__(self): self.v = []\nclass Can(Protocol):\n    def go(self) -> int: ...\ns = S[int]()",
        "S Can s T",
        "print(type(s) is S, S.__parameters__ == (T,), S[int], Can._is_protocol)",
        "True True __main__.S[int] True",
    ),
    "a cached property": (
        "import functools\nclass L:\n    @functools.cached_property\n    def v(self): return [1]\nl = L()",
        "L l",
        "print(l.v is l.v, L().v)",
        "True [1]",
    ),
    "a single dispatch": (
        "from functools import singledispatch\n@singledispatch\ndef show(x): return 'any'\n"
        "@show.register\ndef _(x: int): return 'int'\nshow(1)",
        "show",
        "show.register(str, lambda x: 'str')\nprint(show(1), show('s'), show(b''), len(show.registry))",
        "int str any 3",
    ),
    "a cache": (
        "import functools\n@functools.lru_cache\ndef f(n): return n + 1",
        "f",
        "print(f(1))",
        "2",
    ),
    "a bound method": (
        "class A:\n    def __init__(self): self.t = 0\n    def __add(self, v): self.t += v\n"
        "    def m(self): return self.__add\na = A()\npush = a.m()",
        "a push",
        "push(4)\nprint(a.t)",
        "4",
    ),
    "an estimator with a function inside": (
        "import numpy as np\nfrom sklearn.preprocessing import FunctionTransformer\n"
        "ft = FunctionTransformer(lambda X: X + OFFSET)\nOFFSET = 1",
        "ft OFFSET",
        "import numpy as np\nprint(ft.fit_transform(np.array([[1.0]])).tolist())",
        "[[2.0]]",
    ),
    "an estimator of the notebook": (
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "class Sq(BaseEstimator, TransformerMixin):\n    def __init__(self, k=2): self.k = k\n"
        "    def fit(self, X, y=None): return self\n    def transform(self, X): return X ** self.k\n"
        "sq = Sq(3)",
        "sq Sq",
        "from sklearn.base import clone\nprint(clone(sq).get_params(), sq.fit_transform(2), sq)",
        "{'k': 3} 8 Sq(k=3)",
    ),
    "a class that is a container": (
        "class D(dict):\n    pass\nclass L(list):\n    tag = 1\nd, l = D(a=1), L([1])\nd.x = l",
        "D L d l",
        "print(d, d.x is l, type(l).tag, isinstance(d, D))",
        "{'a': 1} True 1 True",
    ),
    "an object that refers to itself": (
        "class N: pass\nn = N()\nn.me = n\nn.all = {n}",
        "n",
        "print(n.me is n, n in n.all)",
        "True True",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_crosses(steps: Steps, case: str) -> None:
    if "sklearn" in CASES[case][0]:
        pytest.importorskip("sklearn")
    make, outputs, use, expected = CASES[case]
    first = steps.ok("0", make, outputs=tuple(outputs.split()))
    second = steps.ok(use, inputs=tuple((first, name) for name in outputs.split()))

    assert second.stdout == expected + "\n"


def test_a_static_definition_is_referred_to_by_name(steps: Steps) -> None:
    source = "class P:\n    v = 1\n    def m(self): return self.v\n\n\ndef f(): return 2"
    first = steps.ok("x = [P(), f, P().m]", definitions=source, static=("P", "f"), outputs=("x",))
    second = steps.ok(
        "print(type(x[0]) is P, x[1] is f, x[2]())", definitions=source, inputs=((first, "x"),)
    )
    without = steps.run("1", inputs=((first, "x"),))

    assert second.stdout == "True True 1\n"
    assert without.manifest.error.kind == "input"
    assert "does not define" in without.manifest.error.message


def test_a_definition_that_is_no_longer_the_one_of_its_name_travels_itself(steps: Steps) -> None:
    source = "def f(): return 'old'"
    first = steps.ok(
        "g = f\ndef f(): return 'new'", definitions=source, static=("f",), outputs=("g",)
    )
    second = steps.ok("print(g())", definitions=source, inputs=((first, "g"),))

    assert second.stdout == "old\n"


def test_the_bytes_of_a_function_are_the_same_each_time(steps: Steps) -> None:
    cell = "def make(k):\n    class C:\n        def m(self, a=(1, 'x')): return {a, k}\n    return C\nC = make(2)"
    digests = {steps.ok(cell, outputs=("C",)).artifact("C").digest for _ in range(2)}

    assert len(digests) == 1


def test_an_exception_in_code_that_crossed_shows_its_line(steps: Steps) -> None:
    first = steps.ok("x = 1", "def f(v):\n    return v / 0", outputs=("f",))
    second = steps.run("f(1)", inputs=((first, "f"),))

    assert 'File "churn.ipynb, cell 3", line 2, in f\n    return v / 0' in (
        second.manifest.error.traceback
    )


def test_a_type_variable_is_the_one_that_the_readers_program_has(steps: Steps) -> None:
    definitions = "from typing import Generic, TypeVar\nT = TypeVar('T')"
    first = steps.ok("class Box(Generic[T]): pass", definitions=definitions, outputs=("Box",))
    second = steps.ok(
        "print(Box.__parameters__ == (T,), Box[int])",
        definitions=definitions,
        inputs=((first, "Box"),),
    )

    assert second.stdout == "True __main__.Box[int]\n"
