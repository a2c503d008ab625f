"""Owns the question whether two values are the same: by type, order, bits and identity.

Each value is walked beside the other. Containers, arrays and frames are compared by what
they hold, everything else by how it would be rebuilt (`__reduce_ex__`). An object that
stands at two places in one value must stand at the same two in the other. Where they
differ, the path to the place is told, as one would write it: `model.coef_[3]`.
"""

import math
import sys
from dataclasses import dataclass
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .array_pickles import attributes, plain
from .formula_pickles import holds_a_formula, parts
from .lasting import OF_ONE_PROCESS, lasting
from .reductions import BY_PLACE
from .set_tables import by_chance

MOST = 20
"""Differences that are collected; the first tells most."""

_ATOMS = frozenset({type(None), bool, int, str, bytes, complex, type(...), type(NotImplemented)})
_CODE = (
    "co_code",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_flags",
    "co_argcount",
    "co_kwonlyargcount",
    "co_posonlyargcount",
)

APART = "an object of its own"
SHARED = "an object that is shared within the value"


@dataclass(frozen=True)
class Difference:
    """A place in two values at which they are not the same; `gap` is that of two numbers,
    relative to the larger, and infinite for anything else."""

    path: str
    one: str
    other: str
    gap: float = math.inf


class Likeness:
    """One comparison of two values; `differences` has what was found, in order."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self._partner: dict[int, int] = {}
        self._back: dict[int, int] = {}
        self._kept: list[Any] = []
        self._pairs: set[tuple[int, int]] = set()
        self._identities: set[tuple[str, str]] = set()
        self._within_library = 0

    def compare(self, one: Any, other: Any, path: str) -> None:
        """Walk two values that stand at a path."""
        if len(self.differences) >= MOST or (one is other and type(one) in _ATOMS):
            return
        if not _same_type(one, other):
            self._tell(path, _typed(one), _typed(other))
            return
        kind = type(one)
        if kind in _ATOMS:
            if one != other:
                self._differ(path, one, other)
        elif kind is float:
            self._numbers(path, one, other)
        elif not self._met(one, other, path):
            self._parts(one, other, path)

    def _met(self, one: Any, other: Any, path: str) -> bool:
        """Tell whether the pair was walked before, and note where only one of it was."""
        mine, theirs = self._partner.get(id(one)), self._back.get(id(other))
        if mine is None and theirs is None:
            self._partner[id(one)], self._back[id(other)] = id(other), id(one)
            self._kept += [one, other]  # an id is taken for as long as its object lives
            return False
        if mine == id(other) and theirs == id(one):
            return True
        if type(one) in (tuple, frozenset) or not _has_identity(one):
            return False
        if not self._within_library:
            told = (APART if mine is None else SHARED, APART if theirs is None else SHARED)
            if told not in self._identities:  # one tells enough, and leaves room for values
                self._identities.add(told)
                self._tell(path, *told)
        known = (id(one), id(other)) in self._pairs
        self._pairs.add((id(one), id(other)))
        self._kept += [one, other]
        return known

    def _parts(self, one: Any, other: Any, path: str) -> None:  # noqa: C901, PLR0912
        kind = type(one)
        module = kind.__module__.partition(".")[0]
        if isinstance(one, dict) and kind is dict:
            self._mapping(one, other, path)
        elif kind in (list, tuple):
            self._sequence(one, other, path)
        elif kind in (set, frozenset):
            self._set(one, other, path)
        elif kind is bytearray:
            self.compare(bytes(one), bytes(other), path)
        elif isinstance(one, ModuleType):
            self.compare(one.__name__, other.__name__, path)
        elif isinstance(one, FunctionType):
            self._function(one, other, path)
        elif isinstance(one, MethodType):
            self.compare(one.__self__, other.__self__, f"{path}.__self__")
            self.compare(one.__func__, other.__func__, path)
        elif isinstance(one, CodeType):
            self._code(one, other, path)
        elif isinstance(one, type):
            self._class(one, other, path)
        elif isinstance(one, BuiltinFunctionType):
            self._rebuilt(one, other, path)
        elif module == "numpy" and isinstance(one, sys.modules["numpy"].generic):
            self._scalars(one, other, path)
        elif module == "numpy" and isinstance(one, sys.modules["numpy"].ndarray):
            self._arrays(one, other, path)
        elif _is_array_of_notebook(one):
            self._arrays(plain(one), plain(other), path)
            for mine, theirs in zip(attributes(one), attributes(other), strict=True):
                self._state(mine, theirs, path, "state")
        elif module == "pandas" and isinstance(one, _pandas_values()):
            from .frame_likeness import compare_pandas

            compare_pandas(self, one, other, path)
        else:
            self._rebuilt(one, other, path)

    def _mapping(self, one: Any, other: Any, path: str) -> None:
        self._sequence(list(one), list(other), f"{path}.keys()")
        if len(one) == len(other):
            for key, mine, theirs in zip(one, one.values(), other.values(), strict=True):
                self.compare(mine, theirs, f"{path}[{shown(key, 60)}]")

    def _sequence(self, one: Any, other: Any, path: str) -> None:
        if len(one) != len(other):
            self._differ(f"len({path})", len(one), len(other))
        for at, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            self.compare(mine, theirs, f"{path}[{at}]")

    def _set(self, one: Any, other: Any, path: str) -> None:
        if one != other:
            self._sequence(sorted(one, key=repr), sorted(other, key=repr), f"sorted({path})")
            return
        if list(one) != list(other) and not by_chance(one, fixed=()):
            self._differ(f"list({path})", list(one), list(other))
            return
        equals = {item: item for item in other}  # 1 equals True, and 1.0
        for at, item in enumerate(one):
            self.compare(item, equals[item], f"list({path})[{at}]")

    def _numbers(self, path: str, one: Any, other: Any) -> None:
        if one == other and math.copysign(1, one) == math.copysign(1, other):
            return
        if not (math.isnan(one) and math.isnan(other)):
            self.differences.append(
                Difference(path, repr(one), repr(other), relative_gap(one, other))
            )

    def _scalars(self, one: Any, other: Any, path: str) -> None:
        if one.dtype != other.dtype:
            self._differ(f"{path}.dtype", one.dtype, other.dtype)
        elif one.dtype.kind == "f":
            self._numbers(path, float(one), float(other))
        elif one.tobytes() != other.tobytes():
            self._differ(path, one, other)

    def _arrays(self, one: Any, other: Any, path: str) -> None:
        if one.dtype != other.dtype:
            self._differ(f"{path}.dtype", one.dtype, other.dtype)
        elif one.shape != other.shape:
            self._differ(f"{path}.shape", one.shape, other.shape)
        elif one.dtype.fields:
            for name in one.dtype.names:
                self._arrays(one[name], other[name], f"{path}[{name!r}]")
        elif one.dtype.hasobject:
            for at, (mine, theirs) in enumerate(zip(one.flat, other.flat, strict=True)):
                self.compare(mine, theirs, f"{path}.flat[{at}]")
        else:
            self.compare_numbers(one, other, path)
        mask = getattr(one, "mask", None)
        if mask is not None and type(one).__name__ == "MaskedArray":
            self.compare(one.mask, other.mask, f"{path}.mask")

    def compare_numbers(self, one: Any, other: Any, path: str) -> None:
        """Compare two arrays of numbers of one type and shape, bit for bit but for NaNs."""
        numpy = sys.modules["numpy"]
        one, other = numpy.asarray(one), numpy.asarray(other)
        unequal = one != other
        if one.dtype.kind in "fcmM":
            unequal &= ~((one != one) & (other != other))  # noqa: PLR0124  # NaN
        if not unequal.any():
            return
        at = tuple(int(index) for index in numpy.argwhere(unequal)[0])
        place = f"{path}[{', '.join(map(str, at))}]" if at else path
        gap = math.inf
        if one.dtype.kind in "fc":
            gap = max(
                (
                    relative_gap(mine, theirs)
                    for mine, theirs in zip(one[unequal], other[unequal], strict=True)
                ),
                default=0.0,
            )
        mine, theirs = one[at].item(), other[at].item()
        self.differences.append(Difference(place, shown(mine), shown(theirs), gap))

    def _function(self, one: Any, other: Any, path: str) -> None:
        self._code(one.__code__, other.__code__, path)
        self.compare(one.__defaults__, other.__defaults__, f"{path}.__defaults__")
        self.compare(one.__kwdefaults__, other.__kwdefaults__, f"{path}.__kwdefaults__")
        self.compare(vars(one), vars(other), f"{path}.__dict__")
        cells = [[_content(cell) for cell in each.__closure__ or ()] for each in (one, other)]
        for name, mine, theirs in zip(one.__code__.co_freevars, *cells, strict=False):
            self.compare(mine, theirs, f"{path}: the variable {name}")

    def _code(self, one: Any, other: Any, path: str) -> None:
        for name in _CODE:
            if getattr(one, name) != getattr(other, name):
                self._tell(path, f"a function ({name})", f"another function ({name})")
                return
        self._sequence(one.co_consts, other.co_consts, f"{path}.__code__.co_consts")

    def _class(self, one: type, other: type, path: str) -> None:
        if one is other:
            return
        if one.__module__ != "__main__" or one.__qualname__ != other.__qualname__:
            self._differ(path, one, other)
            return
        skipped = ("__dict__", "__weakref__", "__doc__", "__module__", "_abc_impl", "__slotnames__")
        mine, theirs = (
            {
                name: value
                for name, value in vars(each).items()
                if name not in skipped and type(value).__name__ != "getset_descriptor"
            }
            for each in (one, other)
        )
        self.compare(mine, theirs, f"vars({path})")

    def _rebuilt(self, one: Any, other: Any, path: str) -> None:
        """Compare two objects by what they would be rebuilt from."""
        ours = type(one).__module__.partition(".")[0] in OF_ONE_PROCESS
        self._within_library += ours
        try:
            self._reduced(one, other, path)
        finally:
            self._within_library -= ours

    def _reduced(self, one: Any, other: Any, path: str) -> None:
        try:
            mine, theirs = _taken_apart(one), _taken_apart(other)
        except Exception:  # noqa: BLE001  # it cannot be taken apart: its own word must do
            if not _says_equal(one, other):
                self._differ(path, one, other)
            return
        if isinstance(mine, str) or isinstance(theirs, str):
            if mine != theirs:
                self._differ(path, mine, theirs)
            return
        self.compare(mine[1], theirs[1], f"{path}.<arguments>")
        for at, name in ((2, "state"), (3, "items"), (4, "items")):
            first, second = (each[at] if len(each) > at else None for each in (mine, theirs))
            if at > 2:
                first, second = (None if part is None else list(part) for part in (first, second))
            if name == "state":
                first, second = (lasting(part, type(one)) for part in (first, second))
            self._state(first, second, path, name)

    def _state(self, one: Any, other: Any, path: str, name: str) -> None:
        if type(one) is dict and type(other) is dict and name == "state":
            if list(one) != list(other):
                self._differ(f"vars({path}).keys()", list(one), list(other))
            for key in one:
                if key in other:
                    self.compare(one[key], other[key], f"{path}.{key}")
        elif type(one) is tuple and type(other) is tuple and len(one) == len(other) == 2:
            self._state(one[0], other[0], path, name)
            self._state(one[1], other[1], path, name)
        else:
            self.compare(one, other, f"{path}.<{name}>")

    def _differ(self, path: str, one: Any, other: Any) -> None:
        self._tell(path, shown(one), shown(other))

    def _tell(self, path: str, one: str, other: str) -> None:
        self.differences.append(Difference(path, one, other))


def _pandas_values() -> tuple[type, ...]:
    pandas = sys.modules["pandas"]
    arrays = pandas.api.extensions.ExtensionArray
    return (pandas.DataFrame, pandas.Series, pandas.Index, arrays)


def _is_array_of_notebook(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    of_notebook = any(base.__module__ == "__main__" for base in type(value).__mro__)
    return of_notebook and numpy is not None and isinstance(value, numpy.ndarray)


def _taken_apart(value: Any) -> Any:
    """Return what an object would be made again from, as it is when it travels."""
    kind = type(value)
    reduce = BY_PLACE.get(f"{kind.__module__}.{kind.__qualname__}")
    if reduce is not None:
        return reduce(value)
    return parts(value) if holds_a_formula(kind) else value.__reduce_ex__(4)


def relative_gap(one: Any, other: Any) -> float:
    """Return how far two numbers are apart, relative to the larger; infinite for NaN."""
    try:
        gap = abs(one - other) / max(abs(one), abs(other))
    except (ArithmeticError, ValueError):
        return 0.0 if one == other else math.inf
    return math.inf if math.isnan(gap) else float(gap)


def shown(value: Any, most: int = 200) -> str:
    """Return a value as text on one line that is safe to print, of so many characters."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  # the user's own __repr__
        text = f"<its repr raised {type(error).__qualname__}>"
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"


def _typed(value: Any) -> str:
    kind = type(value)
    return f"{shown(value, 120)} ({kind.__module__}.{kind.__qualname__})"


def _same_type(one: Any, other: Any) -> bool:
    mine, theirs = type(one), type(other)
    if mine is theirs:
        return True
    # A class of the notebook that travelled by value is made anew for each reader.
    names = [(kind.__module__, kind.__qualname__) for kind in (mine, theirs)]
    return mine.__module__ == "__main__" and names[0] == names[1]


def _has_identity(value: Any) -> bool:
    """Tell whether which object it is can matter: it can be changed, or is a sentinel."""
    return not isinstance(value, FunctionType | type | ModuleType | CodeType | BuiltinFunctionType)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _says_equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other) or repr(one) == repr(other)
    except Exception:  # noqa: BLE001  # the user's own __eq__
        return False
