"""Owns the likely reason why a step gives another result each time: what its text calls."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cellwright.model.pipeline import Component

_KINDS: Mapping[str, tuple[str, ...]] = {
    "it draws random numbers, and no seed is seen": (
        "random.",
        "numpy.random.",
        "np.random.",
        "torch.rand",
        "default_rng",
        "RandomState",
        "secrets.",
        "os.urandom",
    ),
    "it makes a unique id": ("uuid.", "uuid1", "uuid4", "tempfile.", "mkdtemp"),
    "it asks for the time": (
        "time.",
        "datetime.now",
        "datetime.datetime.now",
        "datetime.today",
        "date.today",
        "Timestamp.now",
        "perf_counter",
    ),
    "it uses where objects lie in memory": ("id", "hash", "object.__hash__"),
    "it works in threads or processes, whose order is chance": (
        "ThreadPoolExecutor",
        "ProcessPoolExecutor",
        "concurrent.",
        "threading.",
        "multiprocessing.",
        "joblib.",
        "Parallel",
    ),
    "it asks the network": ("requests.", "urllib.", "urlopen", "httpx."),
    "it depends on the order of a set": ("set", "frozenset"),
}
"""Reasons, the most likely first, and how the names that are called begin or what they are."""

_ADVICE: Mapping[str, str] = {
    "it draws random numbers, and no seed is seen": "seed the generator in the notebook",
    "it makes a unique id": "derive the id from the data",
    "it asks for the time": "make the time a parameter",
    "it uses where objects lie in memory": "use a number of your own instead",
    "it works in threads or processes, whose order is chance": "collect the results in order",
    "it asks the network": "keep what was fetched in a file, and read that",
    "it depends on the order of a set": "sort it first",
}


@dataclass(frozen=True, slots=True)
class LikelySource:
    """Why a result may not repeat, the place that says so, and what to do about it."""

    reason: str
    advice: str
    cell: int | None = None
    line: int | None = None


def likely_source(component: Component) -> LikelySource:
    """Return the likeliest reason in the text of a step, and of what it reaches."""
    found = dict[str, int]()
    for name, line in _calls(component.program):
        reason = _reason(name)
        if reason is not None:
            found.setdefault(reason, line)
    for reason in _KINDS:
        if reason in found:
            span = _origin(component, found[reason])
            return LikelySource(reason, _ADVICE[reason], *span)
    if component.uncacheable:
        return LikelySource(component.uncacheable, "keep what it depends on in the notebook")
    return LikelySource(
        "nothing in its text tells why; a library may count threads or read the clock",
        "run it alone, with `cellwright run --steps`, to see what changes",
    )


def _reason(name: str) -> str | None:
    for reason, beginnings in _KINDS.items():
        for beginning in beginnings:
            inside = f".{name}".endswith(f".{beginning}") if beginning[-1] != "." else False
            if inside or (beginning[-1] == "." and name.startswith(beginning)):
                return None if name.endswith((".seed", ".sleep")) else reason
    return None


def _calls(program: str) -> Iterator[tuple[str, int]]:
    """Yield the dotted names that a program calls, by their lines; sets count as calls."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Call):
            name = _dotted(node.func)
            if name:
                yield name, node.lineno
            if any(_many_jobs(keyword) for keyword in node.keywords):
                yield "joblib.Parallel", node.lineno
        elif isinstance(node, ast.Set | ast.SetComp):
            yield "set", node.lineno


def _many_jobs(keyword: ast.keyword) -> bool:
    return keyword.arg == "n_jobs" and not (
        isinstance(keyword.value, ast.Constant) and keyword.value.value in (None, 1)
    )


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _origin(component: Component, line: int) -> tuple[int | None, int | None]:
    span = component.origins[line - 1] if line <= len(component.origins) else None
    return (None, None) if span is None else (span.number, span.start.line)
