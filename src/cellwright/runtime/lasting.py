"""Owns what of an object lasts: the rest is of one process, or worked out when it is asked for."""

from typing import Any

_OF_MATPLOTLIB = frozenset(
    {
        *("_parents", "_callbacks", "_cid_gen", "_func_cid_map", "_pickled_cids", "callbacks"),
        *("_invalid", "_inverted", "_isinit", "_lut", "_axstack", "_stale"),
    }
)
OF_ONE_PROCESS = {"matplotlib": _OF_MATPLOTLIB, "mpl_toolkits": _OF_MATPLOTLIB}
"""Attributes that hold ids, caches and callbacks, by the library whose objects have them.

Such objects also share constants of their library (settings, paths of markers), which are
copied when they travel: which object it is does not count within them.
"""

_NOTED = {
    "statsmodels": frozenset(
        {
            *("_cache", "_summary_statistics_cache"),
            *("predict_start", "predict_end", "predict_dates"),
        }
    )
}
"""Attributes in which objects note what they were asked last, by their library. They are worked
out again when they are asked for."""


def lasting(state: Any, kind: type) -> Any:
    """Return the state of an object without what is of its process only."""
    root = kind.__module__.partition(".")[0]
    dropped = OF_ONE_PROCESS.get(root, _NOTED.get(root))
    if dropped is None or type(state) is not dict:
        return state
    if root == "matplotlib" and "Affine2D" not in {base.__name__ for base in kind.__mro__}:
        dropped |= {"_mtx"}  # worked out from other attributes when it is asked for
    return {name: value for name, value in state.items() if name not in dropped}
