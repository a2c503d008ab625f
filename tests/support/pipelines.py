"""Builds pipelines by hand, and a tiny runtime that carries their values as JSON."""

import sys
from pathlib import Path

from cellwright.base.canonical import digest_of
from cellwright.execution.process import ProcessExecutor
from cellwright.execution.request import RunRequest
from cellwright.execution.runtime_copy import Runtime
from cellwright.execution.virtual_environment import IndexAccess
from cellwright.model.options import StepOptions
from cellwright.model.pipeline import (
    CellRange,
    Component,
    Edge,
    Environment,
    Parameter,
    ParameterSlot,
    Pipeline,
    Port,
    PortKind,
    PortName,
    Reason,
    StepKind,
    StepName,
)
from cellwright.model.run import RunId
from cellwright.model.source import CellId, Position, Span

SPAN = Span(CellId("c1"), 1, Position(1, 0), Position(1, 1))
HERE = Environment(
    python="3.11", lock="", base_image="", platform="linux/amd64", interpreter=sys.executable
)

_MAIN = '''\
"""Runs a program with its inputs bound, saves its outputs as JSON, tells of it."""
import ast, hashlib, json, os, sys, time, traceback
attempt = sys.argv[1]
spec = json.load(open(os.path.join(attempt, "spec.json")))
names = {"__name__": "__main__", "ATTEMPT": attempt, "SPEC": spec}
for slot in spec["parameters"]:
    names[slot["name"]] = ast.literal_eval(slot["literal"])
for entry in spec["inputs"]:
    held = json.load(open(os.path.join(attempt, entry["path"])))
    for name in entry["wanted"]:
        names[name] = held[name] if len(entry["members"]) > 1 else held
manifest = {"run": spec["run"], "step": spec["step"], "nonce": spec["nonce"], "format": 1,
            "state": "succeeded", "artifacts": [], "absent": [], "metrics": {}}
log = open(os.path.join(attempt, "logs", "log"), "w", buffering=1)
sys.stdout = log
os.chdir(os.path.join(attempt, spec["cwd"]))
try:
    exec(compile(open(os.path.join(attempt, "program.py")).read(), "program.py", "exec"), names)
    for number, port in enumerate(spec["outputs"]):
        if port["name"] not in names:
            manifest["absent"].append(port["name"])
            continue
        payload = json.dumps(names[port["name"]], sort_keys=True).encode()
        path = f"outputs/{number}.json"
        with open(os.path.join(attempt, path), "wb") as handle:
            handle.write(payload)
        manifest["artifacts"].append({
            "path": path, "digest": "sha256:" + hashlib.sha256(payload).hexdigest(),
            "size": len(payload), "serializer": "json", "members": [port["name"]]})
    manifest["metrics"] = {name: names[name] for name in spec["metrics"]}
except KeyboardInterrupt:
    manifest.update(state="interrupted", error={"kind": "interrupted", "message": "interrupted"})
except BaseException as error:
    manifest.update(state="failed", error={
        "kind": "exception", "message": f"{type(error).__name__}: {error}", "cell": 1, "line": 1,
        "traceback": traceback.format_exc()})
log.close()
manifest.update(names.get("FORGED", {}))
if "SILENT" not in names:
    with open(os.path.join(attempt, "manifest.tmp"), "w") as handle:
        json.dump(manifest, handle)
    os.rename(os.path.join(attempt, "manifest.tmp"), os.path.join(attempt, "manifest.json"))
sys.exit(0 if manifest["state"] == "succeeded" else 1)
'''


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__main__.py").write_text(_MAIN)


TINY = Runtime(lambda: digest_of(_MAIN), _write)


def tiny_executor(folder: Path, runtime: Runtime = TINY) -> ProcessExecutor:
    """Return the real process executor with the tiny runtime."""
    return ProcessExecutor(folder, index=lambda: IndexAccess({}, ("--no-index",)), runtime=runtime)


def port(name: str, *, optional: bool = False) -> Port:
    """Return a port of the kind that its name spells."""
    kind = {"state": PortKind.STATE, "file": PortKind.FILE}.get(
        name.partition(":")[0] if ":" in name else "", PortKind.VALUE
    )
    return Port(PortName(name), kind, (Reason(SPAN, "made for a test"),), optional=optional)


def step(
    name: str,
    program: str,
    *,
    reads: tuple[str, ...] = (),
    makes: tuple[str, ...] = (),
    maybe: tuple[str, ...] = (),
    options: StepOptions | None = None,
    **fields: object,
) -> Component:
    """Return a component; `maybe` names those of its ports that are optional."""
    parameters = fields.pop("parameters", ())
    lines = program.count("\n") + 1
    return Component(
        step=StepName(name),
        kind=fields.pop("kind", StepKind.STEP),
        program=program,
        origins=(None,) * lines,
        body_line=1,
        cells=(CellRange(CellId("c1"), 1, 1, lines),),
        fingerprint=digest_of((program, reads, makes)),
        inputs=tuple(port(each, optional=each in maybe) for each in reads),
        outputs=tuple(port(each, optional=each in maybe) for each in makes),
        parameters=parameters,
        parameter_slots=tuple(ParameterSlot(each, 1) for each in parameters),
        metrics=fields.pop("metrics", ()),
        definitions=(),
        imports=(),
        installs=(),
        files=(),
        options=options or StepOptions(),
        **fields,
    )


def pipeline(*components: Component, order: tuple[tuple[str, str], ...] = ()) -> Pipeline:
    """Return a pipeline: each input is fed by the nearest step before that makes it."""
    makers: dict[str, StepName] = {}
    edges = [Edge(StepName(a), StepName(b), None) for a, b in order]
    parameters = {}
    for component in components:
        edges += [Edge(makers[each.name], component.step, each.name) for each in component.inputs]
        makers |= {each.name: component.step for each in component.outputs}
        for name in component.parameters:
            parameters[name] = Parameter(name, "int", "1", SPAN)
    return Pipeline(
        "test",
        {component.step: component for component in components},
        tuple(edges),
        tuple(parameters.values()),
    )


def request(workspace: Path, made: Pipeline, *, run: str = "", **fields: object) -> RunRequest:
    """Return a request to run a pipeline in the current interpreter."""
    defaults = {parameter.name: parameter.default for parameter in made.parameters}
    given = fields.pop("parameters", {})
    return RunRequest(
        id=RunId(run or f"20260101-000000-{digest_of(str(made))[-4:]}"),
        snapshot=digest_of("snapshot"),
        notebook_path=fields.pop("notebook_path", "test.ipynb"),
        workspace=workspace,
        pipeline=made,
        parameters={**defaults, **given},
        environments=fields.pop("environments", dict.fromkeys(made.steps, HERE)),
        **fields,
    )
