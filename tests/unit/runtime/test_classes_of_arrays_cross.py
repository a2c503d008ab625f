"""That arrays of classes of their own come back whole, and what shares memory goes on to."""

import pytest

from cellwright.runtime.likeness import Likeness
from support.attempts import Steps

np = pytest.importorskip("numpy")

SIG = """
import numpy as np
made = []
class Sig(np.ndarray):
    def __new__(cls, a, fs):
        o = np.asarray(a).view(cls)
        o.fs = fs
        return o
    def __array_finalize__(self, o):
        made.append(1)
        self.fs = getattr(o, 'fs', None)
"""
SLOTS = """
import numpy as np
class Sig(np.ndarray):
    __slots__ = ('fs',)
    def __new__(cls, a, fs):
        o = np.asarray(a).view(cls)
        o.fs = fs
        return o
"""
REDUCES = SIG + "    def __reduce__(self):\n        return np.ndarray.__reduce__(self)\n"


@pytest.mark.parametrize("definitions", [SIG, SLOTS, REDUCES], ids=["plain", "slots", "reduces"])
@pytest.mark.parametrize("of", ["[1., 2., 3.]", "[[1], 'b', None]"], ids=["numbers", "objects"])
def test_an_array_of_the_notebooks_class_keeps_its_attributes_and_its_views(
    steps: Steps, definitions: str, of: str
) -> None:
    data = of if "None" not in of else f"np.array({of}, dtype=object)"
    first = steps.ok(
        f"s = Sig({data}, [10])\nt = s[1:]\nif not hasattr(t, 'fs'): t.fs = s.fs",
        definitions=definitions,
        static=("Sig",),
        outputs=("s", "t"),
    )
    second = steps.ok(
        "t[0] = 9\nprint(type(t).__name__, s.tolist(), s.fs, t.fs is s.fs, s.dtype.kind)",
        definitions=definitions,
        inputs=((first, "s"), (first, "t")),
    )

    kept = "[1.0, 9.0, 3.0]" if data == of else "[[1], 9, None]"
    assert second.stdout == f"Sig {kept} [10] True {'f' if data == of else 'O'}\n"


def test_what_a_class_does_when_an_array_is_made_is_not_done_again(steps: Steps) -> None:
    first = steps.ok(
        "s = Sig([1.], 10)\ndel made[:]", definitions=SIG, static=("Sig",), outputs=("s", "made")
    )
    second = steps.ok("print(made, s.fs)", definitions=SIG, inputs=((first, "s"), (first, "made")))

    assert second.stdout == "[] 10\n"


MASKED = {
    "data": ("x[0] = 9", "x.tolist(), m.tolist(), m.sum()"),
    "through the mask": ("m[0] = 9\nm.mask[2] = True", "x.tolist(), m.tolist(), m.sum()"),
    "mask": ("k[0] = True", "m.tolist(), m.mask is k"),
    "none": ("bare[0] = 5", "bare.mask is np.ma.nomask, bare.fill_value, bare.data.tolist()"),
}


@pytest.mark.parametrize("case", MASKED)
def test_masked_arrays_share_data_and_masks(steps: Steps, case: str) -> None:
    change, look = MASKED[case]
    make = (
        "x = np.arange(3.)\nk = np.array([False, True, False])\n"
        "m = np.ma.array(x, mask=k, copy=False)\nbare = np.ma.array([1., 2.], fill_value=7)"
    )
    names = ("x", "k", "m", "bare")
    whole = steps.ok(f"{make}\n{change}\nprint({look})", definitions="import numpy as np")
    first = steps.ok(make, definitions="import numpy as np", outputs=names)
    second = steps.ok(
        f"{change}\nprint({look})",
        definitions="import numpy as np",
        inputs=tuple((first, name) for name in names),
    )

    assert second.stdout == whole.stdout


def test_records_that_share_memory_go_on_sharing_it(steps: Steps) -> None:
    first = steps.ok(
        "x = np.array([(1, 2.)], dtype=[('a', 'i8'), ('b', 'f8')])\nr = x.view(np.recarray)",
        definitions="import numpy as np",
        outputs=("x", "r"),
    )
    second = steps.ok(
        "r.a[0] = 7\nprint(x.tolist(), r.b.tolist(), r.dtype, type(r).__name__)",
        inputs=((first, "x"), (first, "r")),
    )

    assert (
        second.stdout == "[(7, 2.0)] [2.0] (numpy.record, [('a', '<i8'), ('b', '<f8')]) recarray\n"
    )


def test_attributes_of_arrays_are_compared() -> None:
    namespace = {"__name__": "__main__"}
    exec(SIG, namespace)
    one, other = (namespace["Sig"]([1.0, 2.0], fs) for fs in (10, 11))
    walk = Likeness()
    walk.compare(one, other, "s")

    assert [each.path for each in walk.differences] == ["s.fs"]


HELD = {
    "a frame turned, and its values": "t = df.T\nv = df.values",
    "a column, and its values": "t = df['x']\nv = t.values",
    "values only": "t = 0\nv = df.values",
    "a frame turned only": "t = df.T\nv = 0",
}


@pytest.mark.parametrize("case", HELD)
def test_memory_of_frames_is_shared_as_far_as_it_was(steps: Steps, case: str) -> None:
    pytest.importorskip("pandas")
    make = f"df = pd.DataFrame({{'x': [1., 2], 'y': [3., 4]}})\n{HELD[case]}"
    look = "df.iloc[0, 0] = 99\nprint(df, t, v, getattr(v, 'flags', None))"
    whole = steps.ok(f"{make}\n{look}", definitions="import pandas as pd")
    first = steps.ok(make, definitions="import pandas as pd", outputs=("df", "t", "v"))
    second = steps.ok(look, inputs=tuple((first, name) for name in ("df", "t", "v")))

    assert second.stdout.replace("True", "False") == whole.stdout.replace("True", "False")


def test_values_of_a_frame_that_something_else_uses_do_not_follow_it(steps: Steps) -> None:
    pytest.importorskip("pandas")
    first = steps.ok(
        "df = pd.DataFrame({'x': [1., 2], 'y': [3., 4]})\ny = df['y']\nv = y.values",
        definitions="import pandas as pd",
        outputs=("df", "v"),
    )
    second = steps.ok("df.iloc[0, 1] = 99\nprint(v)", inputs=((first, "df"), (first, "v")))

    assert second.stdout == "[3. 4.]\n"


def test_an_array_under_frames_that_share_it_is_refused(steps: Steps) -> None:
    pytest.importorskip("pandas")
    attempt = steps.run(
        "a = np.zeros((2, 2))\ndf = pd.DataFrame(a, copy=False)\nt = df.T",
        definitions="import numpy as np, pandas as pd",
        outputs=("a", "df", "t"),
    )

    assert attempt.manifest.error.kind == "output"
    assert attempt.manifest.error.message.startswith("`a`: an array shares")
    assert "frames of pandas" in attempt.manifest.error.message
    assert "array.copy()" in attempt.manifest.error.hint
