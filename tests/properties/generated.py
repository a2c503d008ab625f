"""Makes notebooks by chance, from a grammar of statements over four names.

The names hold lists, arrays or frames, by the kind of notebook. Statements are templates:
`{n}`, `{m}` and `{k}` become any of the names. Much of what comes out fails when it runs;
such notebooks say nothing, and are passed over by who uses them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from support.notebooks import code, ipynb

NAMES = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Cells:
    """A notebook: (tag, source) of each cell. Steps `show_*` print all that is left."""

    cells: tuple[tuple[str, str], ...]

    @property
    def sources(self) -> list[str]:
        """Return the cells, as they run top to bottom."""
        return [source for _, source in self.cells]

    @property
    def payload(self) -> bytes:
        """Return the notebook as a file."""
        return ipynb([code(source, tag) for tag, source in self.cells])


@dataclass(frozen=True)
class Kind:
    """A kind of notebook: how the names are bound first, what is done with them, and how a
    value is shown."""

    imports: str
    starts: tuple[str, ...]
    statements: tuple[str, ...]
    shown: str
    names: tuple[str, ...] = NAMES


NAMES_AND_PATHS = (
    "{n} = {m}",
    "{n} = {m}, {k} = {k}, {m}",
    "{n}, {m} = {m}, {n}",
    "del {n}",
    "{n}: object",
    "{n} = {m} if len({k}) > 1 else {k}",
    "for {n} in ({m}, {k}):\n    pass",
    "for i, {n} in enumerate([{m}, {k}]):\n    if i:\n        break",
    "with suppress(NameError, ValueError):\n    {n} = {m}\n    raise ValueError\n    {k} = {m}",
    "try:\n    {n} = {m}\n    oops\nexcept NameError:\n    {k} = {m}\nfinally:\n    i = len({k})",
    "def f():\n    return {m}\n{n} = f()",
    "def f(x={m}):\n    return {k}",
    "def f(x=None):\n    global {n}\n    {n} = {m}\n    return {k}",
    "{n} = f()",
    "f = lambda x=None: {m}",
    "def h(v):\n    def inner():\n        return v\n    return inner\nf = h({m})",
    "{n} = [{m}, {k}][len({n}) % 2]",
    "if len({m}) > 1:\n    {n} = {k}",
    "if len({m}) > 2:\n    del {n}\nelse:\n    {n} = {m}",
    "while len({m}) > 99:\n    {n} = {k}",
    "{n} = (lambda: {m})()",
    "print({n} is {m})",
)

LISTS = Kind(
    imports="from contextlib import suppress\nimport random\nrandom.seed(1)",
    starts=("a, b, c, d = [1], [2], [3], [4]", "a = b = [1]\nc = [a]\nd = [b]"),
    shown="{n}",
    statements=(
        *NAMES_AND_PATHS,
        "{n} = [1]",
        "{n} = [{m}, [2]]",
        "{n} = {m}[:]",
        "{n} = {m} + {k}",
        "{n} += {m}",
        "{n} += [3]",
        "{n}.append(4)",
        "{n}.append({m})",
        "{n}.extend(x for x in list({m}) if x != {k})",
        "{n}[0:1] = [{m}]",
        "{n}.insert(0, len({m}))",
        "{n}.reverse()",
        "{n}.clear()",
        "del {n}[:1]",
        "if len({m}) > 1:\n    {n} = [5]",
        "if len({m}) > 2:\n    {n}.append(6)\nelse:\n    {k} = {n}",
        "for {n} in ([7], {m}):\n    pass",
        "for x in {m}[:3]:\n    {n} = [x]",
        "for x in list({m}):\n    if x == 1:\n        continue\n    {n}.append(x)\nelse:\n    {k} = [21]",
        "while len({n}) < 3:\n    {n} = [*{n}, {m}]",
        "try:\n    {n} = [{m}[5]]\nexcept IndexError as {k}:\n    pass",
        "try:\n    {n} = [int('8')]\n    {m}.append({k}[9])\nexcept IndexError:\n    {k} = [10]",
        "try:\n    {n}.append({m}[3])\nexcept IndexError:\n    {n} = {m}\nelse:\n    {k} = [22]\nfinally:\n    {m}.append(23)",
        "{n} = [({m} := [x]) for x in {k}]",
        "{n} = [x for {m} in ([11], {k}) for x in {m}]",
        "{n} = [y for x in {m} if (y := [x, len({k})])]",
        "{n} = list({{len({m}): {k}}}.values())",
        "{n} = sorted({m}, key=str)",
        "{n} = list(map(lambda x: [x, len({m})], {k}))",
        "{n} = [x for pair in zip({m}, {k}) for x in pair]",
        "match {m}:\n    case [{n}, *{k}]:\n        {n} = [{n}]\n    case _:\n        {n} = [12]",
        "match {m}:\n    case [int(x)] if x > 1:\n        {n} = [x]\n    case [[*{k}], *_]:\n        {n} = {k}\n    case [] | [_, _]:\n        {k}.append(24)",
        "{n} = {m} and {k} or [13]",
        "def f(x={m}):\n    x.append(14)\n    return {k}",
        "def f(x=None):\n    global {n}\n    {n} = [15]\n    return {m}",
        "def g(x):\n    x.append({m})\n    return [f()]",
        "f()",
        "{n} = g({m})",
        "g({m})",
        "f = {m}.copy",
        "def h(v):\n    def inner():\n        v.append(16)\n        return v\n    return inner\nf = h({m})",
        "def h():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return [n]\n    return step\nf = h()",
        "def r(n):\n    return [n] if n < 1 else r(n - 1) + [{m}]\n{n} = r(2)",
        "class K:\n    seen = {m}\n    def __init__(self, x):\n        self.x = x\n        K.seen.append(17)\n    def add(self):\n        self.x.append({k})\n        return self.x",
        "class K:\n    def __init__(self, x):\n        self.x = list(x)\n    @property\n    def seen(self):\n        self.x.append(25)\n        return self.x\n    def add(self):\n        return self.seen + {m}",
        "class L(K):\n    def add(self):\n        {m}.append(26)\n        return super().add()\no = L({k})",
        "o = K({m})",
        "{n} = o.add()",
        "{n} = K.seen",
        "o.x = {m}",
        "{n} = o.x",
        "o = [o]",
        "from dataclasses import dataclass, field\n@dataclass\nclass R:\n    v: list = field(default_factory=list)\nrow = R({m})",
        "row.v.append({m})\n{n} = row.v",
        "from copy import copy as f",
        "import copy\n{n} = copy.deepcopy({m})",
        "import functools\nf = functools.partial(g, {m})",
        "def counted(fn):\n    def wrapper(*a):\n        wrapper.n += 1\n        return [wrapper.n, len(fn(*a))]\n    wrapper.n = 0\n    return wrapper",
        "@counted\ndef f(x=None):\n    return {m}",
        "import random\nrandom.seed(18)",
        "import random\n{n} = [round(random.random(), 3)]",
        "random.shuffle({n})",
        "{n} = [random.choice({m} or [27])]",
        "gen = (x for x in {m} if {k})\n{n} = list(gen)",
        "def gen():\n    yield {m}\n    yield {k}\n{n} = list(gen())",
        "with open('t.txt', 'w') as fh:\n    fh.write(str(len({m})))",
        "with open('t.txt', 'a') as fh:\n    fh.write('+')",
        "{n} = [open('t.txt').read()]",
        "t = {{'k': {m}}}\n{n} = t['k']",
        "t = {{'k': {m}}}",
        "t['k'].append({n})",
        "t['j'] = {m}\n{n} = list(t)",
        "{n} = t.setdefault('i', {m})",
        "from collections import defaultdict\nt = defaultdict(list)\nt['x'].append({m})",
        "t = dict(k={m})\nt['k'].append(19)\nt = [len(t)]",
        "u = {{1, len({m})}}\nu.add(28)\n{n} = sorted(u)",
        "it = iter({m})\n{n} = [next(it, 29)]",
        "{n} = [next(it, 30)]",
        "{n} = eval('[20]')",
        "setattr(o, 'x', {m})",
        "print({n})",
        "print({n} is {m}, {k})",
    ),
)

ARRAYS = Kind(
    imports="from contextlib import suppress\nimport numpy as np\nnp.random.seed(1)",
    starts=(
        "a, b, c, d = np.arange(3), np.ones(2), np.zeros((2, 2)), np.arange(4.0)",
        "a = np.arange(4.0)\nb = a[1:3]\nc = a.reshape(2, 2)\nd = a.copy()",
    ),
    shown="{n}.tolist(), {n}.dtype, {n}.shape",
    statements=(
        *NAMES_AND_PATHS,
        "{n} = {m}[:2]",
        "{n} = {m}[::-1]",
        "{n} = {m}.reshape(-1)",
        "{n} = {m}.ravel()",
        "{n} = {m}.flatten()",
        "{n} = {m}.T",
        "{n} = {m}.copy()",
        "{n} = {m}.astype(float)",
        "{n} = np.asarray({m})",
        "{n} = np.array({m})",
        "{n} = np.atleast_2d({m})",
        "{n} = np.concatenate([{m}.ravel(), {k}.ravel()])[:5]",
        "{n} = {m}[{m} > 1]",
        "{n} = {m} + 1",
        "{n} += 1",
        "{n} *= 2",
        "{n}[0] = 7",
        "{n}[:1] = {m}.flat[0]",
        "{n}[{n} > 2] = 0",
        "{n}.fill(3)",
        "{n}.sort()",
        "np.copyto({n}, 4)",
        "np.add({n}, 1, out={n})",
        "np.clip({n}, 0, 2, out={n})",
        "{n}.flat[0] = 9",
        "{n} = np.random.rand(2).round(3)",
        "np.random.shuffle({n})",
        "rng = np.random.default_rng(5)\n{n} = rng.random(2).round(3)",
        "{n} = rng.integers(0, 9, 3)",
        "v = memoryview({n})\n{m} = np.asarray(v)",
        "def f(x=None):\n    {m}[0] = 6\n    return {m}",
        "def g(x):\n    x[...] = 8\n    return x",
        "{n} = g({m})",
        "g({m})",
        "views = [{m}[:1], {k}]",
        "views[0][...] = 11",
        "{n} = views[1]",
        "for x in {m}:\n    x += 1",
        "for x in ({m}, {k}):\n    x[...] = 12",
        "{n} = np.where({m} > 1, {m}, 0)",
        "{n} = np.broadcast_to(np.arange(2), (2, 2))",
        "{n} = {m}.sum(keepdims=True)",
        "print({n}.base is {m}, np.shares_memory({n}, {m}))",
    ),
)

FRAMES = Kind(
    imports="from contextlib import suppress\nimport pandas as pd",
    starts=(
        "a = pd.DataFrame({'x': [1, 2, 3], 'y': [0.5, None, 2.0]})\nb = a\nc = a.copy()\nd = a[['x']]",
        "a, b, c, d = (pd.DataFrame({'x': [i, 1], 'y': [2, i]}) for i in range(4))",
    ),
    shown="{n}.to_dict('split')",
    statements=(
        *NAMES_AND_PATHS,
        "{n}['z'] = 1",
        "{n}['x'] = {n}['x'] * 2",
        "{n}.loc[0, 'x'] = 9",
        "{n}.loc[{n}['x'] > 1, 'y'] = 0",
        "{n}.iloc[0, 0] = 8",
        "{n}.at[0, 'y'] = 7",
        "{n}.drop(columns='x', inplace=True)",
        "{n}.sort_values('y', inplace=True)",
        "{n}.fillna(0, inplace=True)",
        "{n}.rename(columns={{'x': 'w'}}, inplace=True)",
        "{n}.reset_index(drop=True, inplace=True)",
        "{n}.columns = [f'c{{i}}' for i in range({n}.shape[1])]",
        "{n}.index.name = 'i'",
        "{n}.insert(0, 'first', 3)",
        "{n}.pop('y')",
        "del {n}['y']",
        "{n}.attrs['k'] = 1",
        "{n} = {m}.copy()",
        "{n} = {m}.copy(deep=False)",
        "{n} = {m}[['x']]",
        "{n} = {m}.assign(v=4)",
        "{n} = {m}.sort_values('x')",
        "{n} = {m}.head(2)",
        "{n} = {m}.merge({k}, on='x')",
        "{n} = pd.concat([{m}, {k}], ignore_index=True).head(4)",
        "{n} = {m}.groupby('x', as_index=False).sum()",
        "{n} = {m}.query('x > 0')",
        "n = 1\n{n} = {m}.query('x > @n')",
        "{n} = {m}.pipe(lambda f: f.assign(p=5))",
        "{n} = {m}.apply(lambda column: column * 2)",
        "s = {m}['x']\ns.iloc[0] = 6",
        "s = {m}['x']",
        "{n}['s'] = s",
        "v = {m}.to_numpy()\nv = v.copy()\nv[0] = 5",
        "{n} = {m}.T.T",
        "def g(f):\n    f['g'] = 1\n    return f",
        "{n} = g({m})",
        "g({m})",
        "def f(x=None):\n    {m}['f'] = 2\n    return {m}",
        "for f in ({m}, {k}):\n    f['loop'] = 3",
        "{n} = {m}.dropna()",
        "tables = {{'t': {m}}}",
        "tables['t']['u'] = 4",
        "{n} = tables['t']",
        "rows = [row.x for row in {m}.itertuples()]\nprint(rows)",
        "print(len({n}), list({n}))",
    ),
)

KINDS = {"lists": LISTS, "arrays": ARRAYS, "frames": FRAMES}


def statements(kind: Kind) -> st.SearchStrategy[str]:
    """Return a strategy for single statements of a kind of notebook."""
    name = st.sampled_from(kind.names)
    return st.builds(
        lambda template, n, m, k: template.format(n=n, m=m, k=k),
        st.sampled_from(kind.statements),
        name,
        name,
        name,
    )


@st.composite
def notebooks(draw, kind: Kind, *, cells: int = 4) -> Cells:
    """Make a notebook: the names bound first, then what chance brings, then all shown."""
    made = [(draw(st.sampled_from(["imports", "step:seed"])), kind.imports)]
    first = draw(st.sampled_from(["functions", "step:s0"]))
    made.append((first, draw(st.sampled_from(kind.starts))))
    for number in range(draw(st.integers(1, cells))):
        source = "\n".join(draw(st.lists(statements(kind), min_size=1, max_size=4)))
        made.append((f"step:s{number + 1}", source))
    return Cells((*made, *_shows(kind)))


def _shows(kind: Kind) -> Sequence[tuple[str, str]]:
    shows = []
    for name in kind.names:
        value = kind.shown.format(n=name)
        guarded = (
            f"try:\n    print('{name}', {value})\n"
            f"except (NameError, AttributeError) as error:\n    print('{name}', type(error))"
        )
        shows.append((f"step:show_{name}", guarded))
    same = "try:\n    print(a is b, b is c, c is d, a is d)\nexcept NameError:\n    pass"
    return [*shows, ("step:same", same)]
