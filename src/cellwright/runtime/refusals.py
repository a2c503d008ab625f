"""Owns what cannot leave its process, how that is said, and where in a value it stands."""

import types
from collections.abc import Iterator
from typing import Any

from .faults import OutputError, StepFault

MOST = 200_000
"""Objects that are looked at to find the way to the part that cannot travel."""

_PATH = "hand on the path, and open the file where it is read"
_REDO = "make it again in the step that uses it"

_ADVICE = {
    "generator": "a generator is read once, where it was made: hand on `list(…)` of it",
    "coroutine": "await it, and hand on the result",
    "async_generator": "read it, and hand on a list",
    "_thread.lock": _REDO,
    "_thread.RLock": _REDO,
    "_thread._local": "hand on the values it holds",
    "threading.Thread": "join it in its step, and hand on its results",
    "_io.TextIOWrapper": _PATH,
    "_io.BufferedReader": _PATH,
    "_io.BufferedWriter": _PATH,
    "_io.BufferedRandom": _PATH,
    "_io.FileIO": _PATH,
    "socket.socket": "connect where it is used",
    "subprocess.Popen": "wait for it in its step, and hand on its output",
    "weakref.ReferenceType": "hand on the object itself",
    "weakref.WeakMethod": "hand on the method itself",
    "weakref.finalize": _REDO,
    "memoryview": "hand on the object it is a view of",
    "re.Match": "hand on `match.groups()` or what else is needed of it",
    "sqlite3.Connection": "hand on the path, and connect where it is used",
    "sqlite3.Cursor": "hand on the rows",
    "gzip.GzipFile": _PATH,
    "bz2.BZ2File": _PATH,
    "lzma.LZMAFile": _PATH,
    "zipfile.ZipFile": _PATH,
    "tarfile.TarFile": _PATH,
    "_csv.reader": "read it, and hand on a list of its rows",
    "_csv.writer": _PATH,
    "posix.ScandirIterator": "hand on a list of what is in the folder",
    "_hashlib.HASH": "hand on its `digest()` or `hexdigest()`",
    "mmap.mmap": "hand on the path, and map the file where it is read",
    "frame": "hand on what is needed of it",
    "traceback": "hand on its text (`traceback.format_exc()`)",
    "tempfile.TemporaryDirectory": "its folder is removed when the step ends: use a path",
    "tempfile._TemporaryFileWrapper": "its file is removed when the step ends: use a path",
    "unittest.mock.Base": "a mock makes up whatever it is asked for: make it where it is used",
    "multiprocessing.pool.Pool": _REDO,
    "concurrent.futures.thread.ThreadPoolExecutor": _REDO,
    "concurrent.futures.process.ProcessPoolExecutor": _REDO,
}

_REFUSED = frozenset(
    {
        "weakref.ReferenceType",
        "weakref.WeakMethod",
        "weakref.finalize",
        "tempfile.TemporaryDirectory",
        "tempfile._TemporaryFileWrapper",
        "threading.Thread",
        "subprocess.Popen",
        "socket.socket",
        "memoryview",
        "unittest.mock.Base",
    }
)
"""What pickle would refuse for a part of it, or take and give back without its meaning."""


def refused(kind: type) -> bool:
    """Tell whether no value of a class can travel, whatever pickle thinks of it."""
    return any(_name(base) in _REFUSED for base in kind.__mro__[:-1])


def cannot_travel(value: Any, reason: str = "") -> OutputError:
    """Return the error for a part of a value that cannot be written."""
    kind = type(value)
    name = _name(kind)
    advice = next((_ADVICE[key] for key in map(_name, kind.__mro__) if key in _ADVICE), "")
    said = f"`{name}` cannot leave its process" if advice else f"`{name}` cannot be written"
    if reason and not advice:
        said += f": {reason}"
    hint = advice or "make it again where it is used, or hand on what is needed of it"
    return OutputError(said, culprit=value, hint=hint)


def named(error: OutputError, name: str, value: Any) -> StepFault:
    """Return the fault of the step that an output's error means, with the way to its cause."""
    said = str(error)
    if error.culprit is None:
        return StepFault("output", f"`{name}` {said}", hint=error.hint)
    where = name if value is None else path_to(value, error.culprit, name)
    return StepFault("output", f"`{where}`: {said}", hint=error.hint)


def path_to(root: Any, culprit: Any, name: str) -> str:
    """Return how to get from a variable to a part of it: `model.callbacks[0].lock`.

    The name alone, where the part is the value itself or is not found soon.
    """
    if root is culprit or culprit is None:
        return name
    seen = {id(root)}
    level = [(root, name)]
    while level and len(seen) < MOST:
        following: list[tuple[Any, str]] = []
        for holder, path in level:
            for part, step in _parts(holder):
                if part is culprit:
                    return path + step
                if id(part) not in seen and not isinstance(part, _LEAVES):
                    seen.add(id(part))
                    following.append((part, path + step))
        level = following
    return name


_LEAVES = (str, bytes, int, float, complex, type(None), type, types.ModuleType)


def _parts(holder: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(holder, dict):
        for key, value in list(holder.items()):
            yield value, f"[{_short(key)}]"
    elif isinstance(holder, list | tuple):
        for at, value in enumerate(holder):
            yield value, f"[{at}]"
    elif isinstance(holder, set | frozenset):
        for value in holder:
            yield value, f".pop() [{_short(value)}]"
    elif isinstance(holder, types.FunctionType):
        yield from _parts_of_function(holder)
    elif isinstance(holder, types.MethodType):
        yield holder.__self__, ".__self__"
    yield from _attributes(holder)


def _attributes(holder: Any) -> Iterator[tuple[Any, str]]:
    attributes = getattr(holder, "__dict__", None)
    if isinstance(attributes, dict):
        for key, value in list(attributes.items()):
            yield value, f".{key}"
    for base in type(holder).__mro__:
        for slot in _slots(base):
            try:
                yield object.__getattribute__(holder, slot), f".{slot}"
            except AttributeError:
                continue


def _parts_of_function(holder: types.FunctionType) -> Iterator[tuple[Any, str]]:
    names = holder.__code__.co_freevars
    for name, cell in zip(names, holder.__closure__ or (), strict=False):
        try:
            yield cell.cell_contents, f" (its variable `{name}`)"
        except ValueError:
            continue
    for value in holder.__defaults__ or ():
        yield value, " (a default argument)"


def _slots(base: type) -> tuple[str, ...]:
    slots = vars(base).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _short(key: Any) -> str:
    try:
        text = repr(key)
    except Exception:  # noqa: BLE001  # the user's own __repr__
        return "…"
    return text if len(text) <= 40 else text[:37] + "…"


def _name(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
