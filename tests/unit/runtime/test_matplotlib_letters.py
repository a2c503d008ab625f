"""State of matplotlib that is no setting of it: letters and maps of colours."""

import pytest

from cellwright.runtime.library_state import put_matplotlib, take_matplotlib

pytest.importorskip("matplotlib")


def test_letters_that_a_theme_has_changed_travel_with_the_settings():
    from matplotlib import colors

    before = take_matplotlib()
    try:
        colors.colorConverter.colors["g"] = (0.1, 0.2, 0.3)
        colors.colorConverter.cache.clear()
        changed = take_matplotlib()
        put_matplotlib(before)
        restored = colors.to_rgb("g")
        put_matplotlib(changed)

        assert colors.to_rgb("g") == (0.1, 0.2, 0.3)
        assert restored == (0.0, 0.5, 0.0)
        assert changed != before
    finally:
        put_matplotlib(before)


def test_a_registered_map_that_a_setting_names_travels_along():
    import matplotlib as mpl

    before = take_matplotlib()
    ours = mpl.colormaps["viridis"].copy()
    try:
        mpl.colormaps.register(ours, name="ours")
        mpl.rcParams["image.cmap"] = "ours"
        changed = take_matplotlib()
        put_matplotlib(before)
        mpl.colormaps.unregister("ours")
        put_matplotlib(changed)

        assert mpl.rcParams["image.cmap"] == "ours"
        assert mpl.colormaps["ours"] == ours
    finally:
        put_matplotlib(before)
        mpl.colormaps.unregister("ours")
