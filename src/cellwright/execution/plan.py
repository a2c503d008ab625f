"""Owns which steps run and which are answered: cache keys, and why two of them differ.

Inputs enter a key by content, so whether a step must run is known only when the steps
before it have ended: the plan unfolds. A step that runs again and gives the same bytes
wakes nobody.
"""

import ast
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import UsageError
from cellwright.execution.failures import breach
from cellwright.execution.lacking import lacking
from cellwright.execution.records import Cache
from cellwright.execution.request import CacheUse, RunRequest, WorkFile
from cellwright.model.pipeline import Component, Pipeline, PortName, StepName
from cellwright.model.run import Artifact, StepRecord
from cellwright.runtime import manifest

KEY_FORMAT = 2
"""Counts up when a key comes to cover something else: all older entries are left behind."""

Parts = tuple[tuple[str, str, str], ...]
"""What a cache key is made of: kind, name, value; in a defined order."""

Identify = Callable[[StepName], Digest]
"""Returns what stands for a step's environment in its key."""


@dataclass(frozen=True, slots=True)
class Supply:
    """One artifact for a step, and the ports that the step reads of it."""

    artifact: Artifact
    ports: tuple[PortName, ...]


@dataclass(frozen=True, slots=True)
class Supplies:
    """All that a step gets from the steps before it; `absent` ports were bound by none."""

    held: tuple[Supply, ...]
    absent: tuple[PortName, ...]

    def artifacts(self) -> Mapping[PortName, Artifact]:
        """Return the artifact at each port that has one."""
        return {port: supply.artifact for supply in self.held for port in supply.ports}


@dataclass(frozen=True, slots=True)
class Cached:
    """An earlier step run answers."""

    step: StepName
    key: Digest
    supplies: Supplies
    found: StepRecord


@dataclass(frozen=True, slots=True)
class Due:
    """The step must be executed; `answers` tells that the result may answer its key later."""

    step: StepName
    key: Digest
    parts: Parts
    supplies: Supplies
    answers: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Steps before it have not ended, so its inputs are not known."""

    step: StepName
    on: tuple[StepName, ...]


Decision = Cached | Due | Waiting


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that two keys do not share; `old` or `new` is None where it has none."""

    kind: str
    name: str
    old: str | None
    new: str | None


def selected(pipeline: Pipeline, wanted: Iterable[StepName]) -> tuple[StepName, ...]:
    """Return the wanted steps and all that they need, in pipeline order; all, if none.

    Raises:
        UsageError: a wanted step does not exist.
    """
    needed = set(wanted)
    if not needed:
        return tuple(pipeline.steps)
    for name in sorted(needed):
        if name not in pipeline.steps:
            known = ", ".join(pipeline.steps)
            raise UsageError(f"no step is called `{name}`", hint=f"the steps are: {known}")
    for name in reversed(tuple(pipeline.steps)):
        if name in needed:
            needed.update(pipeline.predecessors(name))
    return tuple(name for name in pipeline.steps if name in needed)


def decide(
    step: StepName,
    request: RunRequest,
    *,
    done: Mapping[StepName, StepRecord],
    cache: Cache,
    identify: Identify,
) -> Decision:
    """Return what is to be done about a step, `done` being the steps that ended well."""
    pipeline = request.pipeline
    missing = tuple(name for name in pipeline.predecessors(step) if name not in done)
    if missing:
        return Waiting(step, missing)
    component = pipeline.steps[step]
    supplies = supplied(step, pipeline, done)
    parts = key_parts(
        component,
        environment=identify(step),
        supplies=supplies,
        parameters=request.parameters,
        files=request.files.get(step, ()),
        modules=request.modules.get(step, ()),
    )
    key = cache_key(parts)
    answers = may_answer(component)
    if answers and request.cache is CacheUse.READ:
        found = answer(step, key, request, cache)
        if found is not None:
            return Cached(step, key, supplies, found)
    return Due(step, key, parts, supplies, answers)


def answer(step: StepName, key: Digest, request: RunRequest, cache: Cache) -> StepRecord | None:
    """Return the earlier step run that answers a key.

    What it looked for in vain must not have come to be there: it would find it now.
    """
    found = cache.find(key)
    if found is None or lacking(step, found.step_run.sought, request) is not None:
        return None
    return found


def unfold(request: RunRequest, *, cache: Cache, identify: Identify) -> Mapping[StepName, Decision]:
    """Return what would be done about each step now, nothing being executed."""
    done: dict[StepName, StepRecord] = {}
    plan: dict[StepName, Decision] = {}
    for step in selected(request.pipeline, request.steps):
        plan[step] = decision = decide(step, request, done=done, cache=cache, identify=identify)
        # What fails by its thresholds now, though it is cached, hands nothing on.
        if isinstance(decision, Cached) and _is_good(decision.found, request.pipeline.steps[step]):
            done[step] = decision.found
    return plan


def _is_good(found: StepRecord, component: Component) -> bool:
    return breach(component.options.metrics, found.step_run.metrics) is None


def undecided(plan: Mapping[StepName, Decision], request: RunRequest) -> tuple[StepName, ...]:
    """Return the steps that earlier runs may answer yet, once what they read is known."""
    if request.cache is not CacheUse.READ:
        return ()
    steps = request.pipeline.steps
    waiting = (step for step, decision in plan.items() if isinstance(decision, Waiting))
    return tuple(step for step in waiting if may_answer(steps[step]))


def may_answer(component: Component) -> bool:
    """Tell whether a result of this component stands for the next one."""
    match component.options.cache:
        case "always":
            return True
        case "never":
            return False
        case "auto":
            return not component.uncacheable


def supplied(step: StepName, pipeline: Pipeline, done: Mapping[StepName, StepRecord]) -> Supplies:
    """Return what the steps before it hand to a step.

    Ports whose values are in one artifact of one step come together: they share state.
    """
    held: dict[tuple[StepName, Digest], tuple[Artifact, list[PortName]]] = {}
    absent: list[PortName] = []
    for port in pipeline.steps[step].inputs:
        producer = pipeline.producer(step, port.name)
        artifact = done[producer].outputs.get(port.name)
        if artifact is None:
            absent.append(port.name)
        else:
            place = (producer, identity(artifact))
            held.setdefault(place, (artifact, []))[1].append(port.name)
    together = (Supply(artifact, tuple(sorted(ports))) for artifact, ports in held.values())
    return Supplies(tuple(sorted(together, key=_first_port)), tuple(sorted(absent)))


def _first_port(supply: Supply) -> PortName:
    return supply.ports[0]


def identity(artifact: Artifact) -> Digest:
    """Return what tells a value from others: bytes mean little without how to read them."""
    members = tuple(artifact.members)
    return digest_of((artifact.digest, artifact.serializer, members, artifact.meta))


def key_parts(  # noqa: PLR0913  # all that counts, each by its name
    component: Component,
    *,
    environment: Digest,
    supplies: Supplies,
    parameters: Mapping[str, str],
    files: Iterable[WorkFile] = (),
    modules: Iterable[WorkFile] = (),
) -> Parts:
    """Return all that the result of an execution may depend on.

    Left out on purpose: the step's name, cell ids and positions, limits, timeout,
    retries, thresholds of metrics, values of secrets.
    """
    options = component.options
    return (
        ("format", "key", str(KEY_FORMAT)),
        ("format", "manifest", str(manifest.FORMAT)),
        ("code", "program", component.fingerprint),
        ("code", "definitions", json.dumps(sorted(component.definitions))),
        ("code", "metrics", json.dumps(sorted(component.metrics))),
        ("environment", "", environment),
        *chain.from_iterable(_supply_parts(supply) for supply in supplies.held),
        *(("input", port, "absent") for port in supplies.absent),
        *(
            ("parameter", name, canonical_literal(parameters[name]))
            for name in sorted(component.parameters)
        ),
        *(("file", path, digest) for path, digest in _by_path(files)),
        *(("module", path, digest) for path, digest in _by_path(modules)),
        *(("variable", name, value) for name, value in sorted(options.environment.items())),
        *(("secret", name, "") for name in sorted(options.secrets)),
        ("network", "", str(options.network)),
    )


def cache_key(parts: Parts) -> Digest:
    """Return the identity of one execution of a component."""
    return digest_of(parts)


def differences(old: Parts, new: Parts) -> tuple[Difference, ...]:
    """Return the parts that differ, in the order in which they matter to a reader."""
    before = {(kind, name): value for kind, name, value in old}
    after = {(kind, name): value for kind, name, value in new}
    return tuple(
        Difference(*part, before.get(part), after.get(part))
        for part in dict.fromkeys((*after, *before))
        if before.get(part) != after.get(part)
    )


def canonical_literal(literal: str) -> str:
    """Return one spelling for literals that mean the same (`0x10` and `16`, quotes)."""
    try:
        return ast.dump(ast.parse(literal, mode="eval").body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return literal


def _supply_parts(supply: Supply) -> Iterable[tuple[str, str, str]]:
    value = identity(supply.artifact)
    yield from (("input", port, value) for port in supply.ports)
    if len(supply.ports) > 1:
        yield ("together", json.dumps(supply.ports), value)


def _by_path(files: Iterable[WorkFile]) -> list[tuple[str, Digest]]:
    return sorted((file.path, file.digest) for file in files)
