"""That a pipeline computes what its notebook computes: notebooks made by chance, cut into
steps, run in one namespace and step by step."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb
from support.steps_apart import forked, run_apart, run_in_one_namespace

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("CELLWRIGHT_EXAMPLES", "120"))
RANDOM = bool(os.environ.get("CELLWRIGHT_RANDOM"))
NAMES = ("a", "b", "c", "d")

STATEMENTS = (
    "{n} = [1]",
    "{n} = [{m}, [2]]",
    "{n} = {m}",
    "{n} = {m}[:]",
    "{n} = {m} + {k}",
    "{n} = {m}, {k} = {k}, {m}",
    "{n} += {m}",
    "{n} += [3]",
    "{n}.append(4)",
    "{n}.append({m})",
    "{n}.extend(x for x in list({m}) if x != {k})",
    "{n}[0:1] = [{m}]",
    "{n}.insert(0, len({m}))",
    "{n}.reverse()",
    "if len({m}) > 1:\n    {n} = [5]",
    "if len({m}) > 2:\n    {n}.append(6)\nelse:\n    {k} = {n}",
    "for {n} in ([7], {m}):\n    pass",
    "for x in {m}[:3]:\n    {n} = [x]",
    "while len({n}) < 3:\n    {n} = [*{n}, {m}]",
    "try:\n    {n} = [{m}[5]]\nexcept IndexError as {k}:\n    pass",
    "try:\n    {n} = [int('8')]\n    {m}.append({k}[9])\nexcept IndexError:\n    {k} = [10]",
    "{n} = [({m} := [x]) for x in {k}]",
    "{n} = [x for {m} in ([11], {k}) for x in {m}]",
    "{n} = sorted({m}, key=str)",
    "{n} = list(map(lambda x: [x, len({m})], {k}))",
    "match {m}:\n    case [{n}, *{k}]:\n        {n} = [{n}]\n    case _:\n        {n} = [12]",
    "del {n}",
    "{n}: list",
    "{n} = {m} if len({k}) > 1 else {k}",
    "{n} = {m} and {k} or [13]",
    "def f():\n    return {m}\n{n} = f()",
    "def f(x={m}):\n    x.append(14)\n    return {k}",
    "def f(x=None):\n    global {n}\n    {n} = [15]\n    return {m}",
    "def g(x):\n    x.append({m})\n    return [f()]",
    "{n} = f()",
    "f()",
    "{n} = g({m})",
    "g({m})",
    "f = lambda x=None: {m}",
    "f = {m}.copy",
    "def h(v):\n    def inner():\n        v.append(16)\n        return v\n    return inner\nf = h({m})",
    "def h():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return [n]\n    return step\nf = h()",
    "class K:\n    seen = {m}\n    def __init__(self, x):\n        self.x = x\n        K.seen.append(17)\n    def add(self):\n        self.x.append({k})\n        return self.x",
    "o = K({m})",
    "{n} = o.add()",
    "{n} = K.seen",
    "o.x = {m}",
    "{n} = o.x",
    "o = [o]",
    "from copy import copy as f",
    "import copy\n{n} = copy.deepcopy({m})",
    "import functools\nf = functools.partial(g, {m})",
    "def counted(fn):\n    def wrapper(*a):\n        wrapper.n += 1\n        return [wrapper.n, len(fn(*a))]\n    wrapper.n = 0\n    return wrapper",
    "@counted\ndef f(x=None):\n    return {m}",
    "import random\nrandom.seed(18)",
    "import random\n{n} = [round(random.random(), 3)]",
    "gen = (x for x in {m} if {k})\n{n} = list(gen)",
    "def gen():\n    yield {m}\n    yield {k}\n{n} = list(gen())",
    "with open('t.txt', 'w') as fh:\n    fh.write(str(len({m})))",
    "with open('t.txt', 'a') as fh:\n    fh.write('+')",
    "{n} = [open('t.txt').read()]",
    "d = {{'k': {m}}}\n{n} = d['k']",
    "d = dict(k={m})\nd['k'].append(19)\nd = [len(d)]",
    "{n} = eval('[20]')",
    "print({n})",
    "print({n} is {m}, {k})",
)


@st.composite
def statements(draw) -> str:
    template = draw(st.sampled_from(STATEMENTS))
    n, m, k = (draw(st.sampled_from(NAMES)) for _ in range(3))
    return template.format(n=n, m=m, k=k)


@st.composite
def notebooks(draw) -> list[tuple[str, str]]:
    """Cells as (tag, source): lists first, then what chance brings, then all that is left."""
    start = draw(
        st.sampled_from(["a, b, c, d = [1], [2], [3], [4]", "a = b = [1]\nc = [a]\nd = [b]"])
    )
    first = draw(st.sampled_from(["functions", "step:s0"]))
    cells = [(draw(st.sampled_from(["imports", "step:seed"])), "import random\nrandom.seed(1)")]
    cells.append((first, start))
    for number in range(draw(st.integers(1, 4))):
        source = "\n".join(draw(st.lists(statements(), min_size=1, max_size=4)))
        cells.append((f"step:s{number + 1}", source))
    for name in NAMES:
        guarded = f"try:\n    print('{name}', {name})\nexcept NameError:\n    print('no {name}')"
        cells.append((f"step:show_{name}", guarded))
    cells.append(
        (
            "step:same",
            "try:\n    print(a is b, b is c, c is d, a is d)\nexcept NameError:\n    pass",
        )
    )
    return cells


@contextmanager
def fresh_folder():
    """Make a folder without a finalizer: a fork would run it, and take the folder away."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compiled(cells):
    payload = ipynb([code(source, tag) for tag, source in cells])
    return compile_notebook(payload, path="generated.ipynb")


def outputs_apart(pipeline, folder: Path) -> str:
    end = run_apart(pipeline, folder, runner=forked)
    if end.failed is not None:
        return f"failed: {end.failed.log}"
    return "".join(end.steps[step].stdout for step in sorted_as_written(pipeline))


def sorted_as_written(pipeline):
    return sorted(pipeline.steps, key=lambda step: pipeline.steps[step].cells[0].number)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not RANDOM,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(notebooks())
def test_pipeline_computes_what_the_notebook_computes(cells) -> None:
    with fresh_folder() as folder:
        expected = run_in_one_namespace([source for _, source in cells], folder / "one")
        assume(expected is not None)
        compilation = compiled(cells)
        assume(compilation.pipeline is not None)

        actual = outputs_apart(compilation.pipeline, folder / "apart")

    assert actual == expected
