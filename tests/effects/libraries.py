"""Owns which modules are audited, and what of them is left alone."""

import builtins
import importlib
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

STANDARD = [
    "operator",
    "math",
    "cmath",
    "statistics",
    "itertools",
    "functools",
    "copy",
    "heapq",
    "bisect",
    "collections",
    "random",
    "string",
    "textwrap",
    "fractions",
    "decimal",
    "json",
    "base64",
    "binascii",
    "zlib",
    "html",
    "difflib",
    "hashlib",
    "struct",
    "fnmatch",
    "re",
    "datetime",
    "calendar",
    "uuid",
    "urllib.parse",
    "keyword",
    "unicodedata",
    "reprlib",
    "shlex",
    "types",
]
SCIENCE = [
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.random",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.lib.stride_tricks",
    "pandas",
    "pandas.api.types",
    "scipy.stats",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.signal",
    "scipy.interpolate",
    "scipy.spatial",
    "scipy.spatial.distance",
    "scipy.ndimage",
    "scipy.linalg",
    "scipy.integrate",
    "scipy.special",
    "scipy.cluster.hierarchy",
]
LEARNING = [
    "sklearn",
    "sklearn.base",
    "sklearn.pipeline",
    "sklearn.compose",
    "sklearn.preprocessing",
    "sklearn.impute",
    "sklearn.metrics",
    "sklearn.metrics.pairwise",
    "sklearn.model_selection",
    "sklearn.inspection",
    "sklearn.feature_selection",
    "sklearn.utils",
    "sklearn.cluster",
    "sklearn.decomposition",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "sklearn.svm",
    "sklearn.tree",
    "sklearn.naive_bayes",
    "sklearn.gaussian_process",
    "sklearn.gaussian_process.kernels",
    "sklearn.covariance",
    "sklearn.manifold",
    "sklearn.mixture",
    "sklearn.neural_network",
    "sklearn.calibration",
    "sklearn.isotonic",
    "sklearn.kernel_approximation",
    "sklearn.multiclass",
    "sklearn.random_projection",
    "sklearn.discriminant_analysis",
    "sklearn.feature_extraction",
    "sklearn.feature_extraction.text",
    "sklearn.datasets",
]
OTHERS = [
    "statsmodels.api",
    "statsmodels.tsa.api",
    "statsmodels.tsa.stattools",
    "statsmodels.stats.api",
    "polars",
    "networkx",
    "skimage.filters",
    "skimage.transform",
    "skimage.morphology",
    "skimage.measure",
    "skimage.color",
    "skimage.util",
    "skimage.exposure",
    "skimage.segmentation",
    "skimage.feature",
    "seaborn",
    "plotly.express",
]

_OF_BUILTINS = [
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytes",
    "chr",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "hash",
    "hex",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "oct",
    "ord",
    "pow",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
]
_ALONE = ("fetch_", "load_sample", "show", "test", "input", "get_include", "bench", "read_clip")
"""Beginnings of names that ask the network, a person, or for minutes."""


def members(module_name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public functions and classes of a module, with their paths."""
    if module_name == "builtins":
        yield from ((f"builtins.{name}", getattr(builtins, name)) for name in _OF_BUILTINS)
        return
    module = importlib.import_module(module_name)
    for name in sorted(getattr(module, "__all__", None) or dir(module)):
        if name.startswith(("_", *_ALONE)):
            continue
        member = getattr(module, name, None)
        if not callable(member) or isinstance(member, types.ModuleType):
            continue
        if inspect.isclass(member) and issubclass(member, BaseException):
            continue
        yield f"{module_name}.{name}", member


def exists(path: str) -> bool:
    """Tell whether a library has what a path of the data names."""
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for name in parts[end:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False
