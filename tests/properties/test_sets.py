"""That a set comes back as it was, whatever was added to it and taken from it before."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.runtime.layout import write_runtime
from properties.budget import budget

# Numbers that collide in small tables, texts that do in any, and what is made of them.
ITEMS = st.one_of(
    st.integers(-3, 40),
    st.integers(0, 30).map(lambda n: n * 32 + 7),
    st.text("abc", max_size=3),
    st.tuples(st.integers(0, 9), st.text("ab", max_size=2)),
    st.frozensets(st.integers(0, 60), max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
)
HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("add"), ITEMS),
        st.tuples(st.just("update"), st.lists(ITEMS, max_size=40)),
        st.tuples(st.just("merge"), st.lists(ITEMS, max_size=40)),
        st.tuples(st.just("range"), st.integers(1, 300)),
        st.tuples(st.just("remove"), st.integers(1, 9)),
        st.tuples(st.just("lose"), st.integers(1, 9)),
        st.tuples(st.just("pop"), st.integers(1, 30)),
        st.tuples(st.just("clear"), st.none()),
    ),
    min_size=1,
    max_size=12,
)

MAKE = """
def live(history):
    s = set()
    for what, how in history:
        if what == "add": s.add(how)
        elif what == "update": s.update(how)
        elif what == "merge": s |= set(how)
        elif what == "range": s.update(range(how))
        elif what == "remove":
            for each in list(s)[::how]: s.remove(each)
        elif what == "lose": s -= set(list(s)[::how])
        elif what == "pop":
            for _ in range(min(how, len(s))): s.pop()
        elif what == "clear": s.clear()
    return s

def tell(s):
    seen = [list(s), [list(f) for f in s if type(f) is frozenset]]
    if type(s) is set:
        for n in range(7, 700, 32): s.add(n)
        seen += [list(s), [s.pop() for _ in range(3)], list(s)]
    else:
        seen += [list(s | {"x", 39}), list(s - {7})]
    return seen

def lives(histories):
    made = [live(each) for each in histories]
    frozen = [frozenset(each) for each in made] + [frozenset(list(each)) for each in made]
    return [made, [made[0]], frozen, {each: 1 for each in frozen}, frozen[0] - {7, 8, 9}]

def told(x):
    made, again, frozen, keys, less = x
    assert made[0] is again[0]
    return [tell(each) for each in [*frozen, *keys, less, *made]]
"""

WRITE = (
    MAKE
    + """
import ast, sys
from cellwright_runtime.names import Names
from cellwright_runtime.pickling import dump
from cellwright_runtime import plain
from cellwright_runtime.sink import Sink
folder = sys.argv[1]
histories = eval(open(folder + "/histories").read())
x = lives(histories)
sink = Sink(folder + "/value")
dump(x, sink, Names())
sink.close()
alone = [live(each) for each in histories]
lines = [plain.dumps(each) for each in [*alone, *map(frozenset, alone)]]
open(folder + "/plain", "wb").write(b"\\n".join(lines))
print(told(x), [tell(each) for each in alone])
"""
)
READ = (
    MAKE
    + """
import sys
from cellwright_runtime.pickling import load
from cellwright_runtime import plain
folder = sys.argv[1]
lines = open(folder + "/plain", "rb").read().split(b"\\n")
values = [plain.loads(each) for each in lines]
made, frozen = values[: len(values) // 2], values[len(values) // 2 :]
assert [list(each) for each in frozen] == [list(frozenset(each)) for each in made]
print(told(load(folder + "/value")), [tell(each) for each in made])
"""
)


@pytest.mark.slow
@budget(40)
@given(st.lists(HISTORY, min_size=1, max_size=6))
def test_a_set_is_in_a_fresh_process_what_it_was(histories) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_runtime(Path(folder) / "runtime")
        (Path(folder) / "histories").write_text(repr(histories))

        assert ran(READ, folder, after=ran(WRITE, folder))


def ran(program: str, folder: str, after: str | None = None) -> str:
    """Return what a program prints; where something was said before, it must say the same."""
    done = subprocess.run(
        [sys.executable, "-c", program, folder],
        env={"PYTHONHASHSEED": "0", "PYTHONPATH": f"{folder}/runtime"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert after is None or done.stdout == after
    return done.stdout
