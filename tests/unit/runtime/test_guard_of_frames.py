import pandas as pd
import pytest

from cellwright.runtime.guard import Guard
from cellwright.runtime.names import Names

WEEKS = pd.date_range("2024-01-07", periods=30, freq="W-SUN")
FRAMES = {
    "dates": pd.Series(range(30), index=WEEKS, name="cases"),
    "zones": pd.DataFrame({"at": WEEKS.tz_localize("Europe/Oslo"), "v": range(30)}),
    "levels": pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
    "kinds": pd.DataFrame({"c": pd.Categorical(["x", "y"]), "s": ["p", None]}),
}


def guard(value):
    return Guard({"value": value}, {"value": 1000}, Names())


@pytest.mark.parametrize("name", FRAMES)
def test_reading_a_frame_in_every_way_is_no_change(name):
    frame = FRAMES[name].copy()
    watch = guard(frame)

    _ = frame.index.inferred_freq if isinstance(frame.index, pd.DatetimeIndex) else None
    _ = frame.index.is_unique, frame.index.is_monotonic_increasing, hash(str(frame))
    _ = frame.iloc[1:].copy(), frame.describe(), frame.groupby(frame.index).size()
    _ = [frame.loc[label] for label in frame.index[:2]]

    watch.check(3)


@pytest.mark.parametrize("name", FRAMES)
def test_a_changed_label_or_cell_is_seen(name):
    from cellwright.runtime.faults import StepFault

    for change in (rename_index, set_first):
        frame = FRAMES[name].copy()
        watch = guard(frame)

        change(frame)

        with pytest.raises(StepFault, match="cell 3 changes `value` in place"):
            watch.check(3)


def rename_index(frame):
    frame.index.names = ["renamed"] * frame.index.nlevels


def set_first(frame):
    if frame.ndim == 1:
        frame.iloc[0] = 999
    else:
        frame.iloc[0, 0] = frame.iloc[1, 0]
