"""Whatever holds an object, and however it is reached: who changes it, changes it everywhere.

Each way to put a list into something is tried with each way to get it out of there again in
a later step. That step changes the list, so it has to hand on the variable which the list has
had all along.
"""

import re

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

IMPORTS = """\
import collections, contextlib, copy, functools, heapq, itertools, operator, random, types, typing
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import asdict, dataclass, replace
from functools import partial
from types import SimpleNamespace
import numpy as np
import pandas as pd
"""
FUNCTIONS = """\
class Box:
    def __init__(self, v):
        self.v = v

    def get(self):
        return self.v

    def me(self):
        return self

    @classmethod
    def of(cls, v):
        return cls(v)

class Sub(Box):
    def __init__(self, v, w=None):
        super().__init__(v)
        self.w = w

@dataclass
class Data:
    v: list
    w: object = None

class Typed(typing.NamedTuple):
    v: list

Pair = namedtuple("Pair", "v w")

def same(v):
    return v

def first(*given, **named):
    return given[0] if given else named["v"]

def giving(v):
    yield v
"""

SEQUENCES = """\
[x] | (x,) | [0, x][1:] | tuple([x]) | [x] * 2 | [] + [x] | [y for y in [x]] | [*(x,)] | [[x]][0]
list((x,)) | list(map(same, [x])) | list(filter(None, [x])) | list(reversed([x])) | sorted([x])
list(giving(x)) | list(iter([x])) | list({"a": x}.values()) | dict(a=[x])["a"] | None or [x]
list(zip([x]))[0] | list(enumerate([x]))[0][1:] | sum([[x]], []) | (lambda: [x])() | [x].copy()
deque([x]) | copy.copy([x]) | Pair(x, 1) | Typed(x) | [x] if x else [] | heapq.nlargest(1, [x])
random.sample([x], 1) | random.choices([x], k=1) | functools.reduce(lambda a, b: a + [b], [x], [])
list(itertools.chain([x], [])) | list(itertools.chain.from_iterable([[x]]))
list(itertools.islice([x], 1)) | list(itertools.repeat(x, 2)) | list(itertools.tee([x])[0])
list(itertools.compress([x], [1])) | list(itertools.takewhile(len, [x]))
list(itertools.accumulate([x])) | list(itertools.product([x]))[0]
list(itertools.permutations([x]))[0] | list(itertools.starmap(same, [(x,)]))
list(itertools.zip_longest([x], [1]))[0] | np.array([x, None], dtype=object)
"""
GROWN = ["c.append(x)", "c.extend([x])", "c.insert(0, x)", "c += [x]", "c[:] = [x]", "c[0:1] = [x]"]
FROM_SEQUENCE = """\
c[0] | list(c)[0] | next(iter(c)) | [*c][0] | same(c[0]) | first(*c) | tuple(c)[0]
copy.copy(c)[0] | [y for y in c][0] | list(map(same, c))[0] | (lambda q: q[0])(c)
list(c)[::-1][-1] | operator.itemgetter(0)(c) | list(zip(c))[0][0] | list(enumerate(c))[0][1]
max(c, key=len) | (y := c[0]) | list(reversed(list(c)))[-1]
"""
MAPPINGS = """\
{"k": x} | dict(k=x) | {**{"k": x}} | {"k": x} if x else 0 | dict([("k", x)]) | {"k": x}.copy()
{k: v for k, v in [("k", x)]} | copy.copy({"k": x}) | dict(zip("k", [x])) | dict.fromkeys("k", x)
OrderedDict(k=x) | OrderedDict([("k", x)]) | OrderedDict(k=x).copy() | defaultdict(list, k=x)
defaultdict(list, {"k": x}) | defaultdict(list, [("k", x)]) | defaultdict(list, k=x).copy()
dict({"k": x}.items()) | {"a": {"k": x}}["a"] | types.MappingProxyType({"k": x})
vars(SimpleNamespace(k=x)) | collections.ChainMap({"k": x}) | collections.UserDict({"k": x})
"""
FILLED = [
    'c["k"] = x',
    'c.setdefault("k", x)',
    "c.update(k=x)",
    'c.update({"k": x})',
    'c |= {"k": x}',
]
FROM_MAPPING = """\
c["k"] | c.get("k") | list(c.values())[0] | list(c.items())[0][1] | [v for v in c.values()][0]
[v for k, v in c.items()][0] | next(iter(c.values())) | {**c}["k"] | dict(c)["k"] | c.copy()["k"]
operator.itemgetter("k")(c) | first(**{"v": c["k"]}) | [c[k] for k in c][0] | c.setdefault("k", [])
max(c.values(), key=len) | sorted(c.items())[0][1] | c.pop("k") | {k: v for k, v in c.items()}["k"]
"""
OBJECTS = """\
Box(x) | Sub(x) | Data(x) | Pair(x, 1) | Typed(x) | SimpleNamespace(v=x) | Box.of(x) | Box(x).me()
copy.copy(Box(x)) | copy.copy(Data(x)) | replace(Data(1), v=x) | Pair(1, 1)._replace(v=x)
[Box(x)][0] | {"a": Box(x)}["a"] | Data(**{"v": x}) | Data(*[x]) | type("Z", (), {"v": x})()
partial(Box, x)()
"""
SET = [
    "c.v = x",
    'setattr(c, "v", x)',
    'vars(c)["v"] = x',
    'c.__dict__["v"] = x',
    "c.__dict__.update(v=x)",
]
FROM_OBJECT = """\
c.v | getattr(c, "v") | operator.attrgetter("v")(c) | same(c).v | (lambda o: o.v)(c) | [c][0].v
copy.copy(c).v | [o.v for o in [c]][0] | max([c], key=id).v | list(map(lambda o: o.v, [c]))[0]
"""
FUNCTIONS_GIVING = """\
lambda: x | partial(same, x) | (lambda q: lambda: q)(x) | Box(x).get | iter([x]).__next__
"""
FROM_FUNCTION = (
    "c() | (lambda f: f())(c) | [f() for f in [c]][0] | list(map(lambda f: f(), [c]))[0]"
)


def each(table):
    return [part.strip() for line in table.splitlines() for part in re.split(r" \| ", line)]


def makers():
    """Yield the text that makes something of `x`, and the table of how `x` is got out of it."""
    for table, uses in (
        (SEQUENCES, FROM_SEQUENCE),
        (MAPPINGS, FROM_MAPPING),
        (OBJECTS, FROM_OBJECT),
        (FUNCTIONS_GIVING, FROM_FUNCTION),
    ):
        yield from ((f"c = {made}", uses) for made in each(table))
    yield from ((f"c = [None]\n{grown}", FROM_SEQUENCE) for grown in GROWN)
    yield from ((f"c = deque()\n{grown}", FROM_SEQUENCE) for grown in GROWN[:2])
    for empty in ("{}", "OrderedDict()", "defaultdict(list)"):
        yield from ((f"c = {empty}\n{filled}", FROM_MAPPING) for filled in FILLED)
    for made in ("Box(1)", "Data(1)"):
        yield from ((f"c = {made}\n{put}", FROM_OBJECT) for put in SET)


def numbered(text, number):
    """Return the text with variables of its own."""
    return re.sub(r"\b([xc])\b(?!=)", rf"\g<1>{number}", text)


@pytest.mark.parametrize(("made", "uses"), list(makers()))
def test_who_changes_an_object_changes_it_everywhere(made, uses):
    ways = list(enumerate(each(uses)))
    cells = [
        code(IMPORTS, "imports"),
        code(FUNCTIONS, "functions"),
        code("\n".join(numbered(f"x = [1]\n{made}", n) for n, _ in ways), "step:make"),
        code("\n".join(numbered(f"{way}.append(2)", n) for n, way in ways), "step:change"),
        code("\n".join(f"print(x{n})" for n, _ in ways), "step:show"),
    ]

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert found.pipeline is not None, list(found.report)
    handed_on = {port.name for port in found.pipeline.steps["change"].outputs}
    assert [way for n, way in ways if f"x{n}" not in handed_on] == []
