"""Owns the step's outputs: values, state and files become artifacts when the cells are done."""

import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any

from .faults import OutputError, StepFault
from .manifest import ArtifactRecord, PortSpec, StepSpec
from .names import Names
from .plain import ALONE
from .preview import preview
from .serializers import BUNDLE, FILE, formats
from .sink import Sink
from .state import ABSENT, ProcessState


@dataclass
class Outputs:
    """The outputs of one attempt: the artifacts written, and the names not bound."""

    spec: StepSpec
    attempt: str
    namespace: dict[str, Any]
    state: ProcessState
    artifacts: list[ArtifactRecord] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    _written: dict[int, dict[str, Any]] = field(default_factory=dict)

    def save(self) -> None:
        """Write all outputs, and then look at them.

        What the notebook's own `__repr__` does must not get into an artifact: all are written
        before the first is called, and what it prints is no output of a cell.

        Raises:
            StepFault: one is missing, or cannot travel; it is named.
        """
        try:
            self._save_values()
            for port in self.spec.outputs:
                if port.kind == "state":
                    self._save_state(port)
                elif port.kind == "file":
                    self._save_files(port)
        except OSError as error:
            raise StepFault("machine", f"the outputs cannot be written: {error}") from error
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            for at, members in self._written.items():
                shown = {name: preview(member) for name, member in members.items()}
                self.artifacts[at] = replace(self.artifacts[at], preview=shown)

    def _save_values(self) -> None:
        values: dict[str, Any] = {}
        for port in self.spec.outputs:
            if port.kind != "value":
                continue
            if port.name in self.namespace:
                values[port.name] = self.namespace[port.name]
            else:
                self._missing(port, f"`{port.name}` is not bound when the step ends")
        names = Names(self.spec.definitions)
        groups = [[name] for name in values]
        if not ALONE.issuperset(map(type, values.values())):
            from .bundles import bundles

            groups = bundles(values, names)
        for group in groups:
            self._write({name: values[name] for name in group}, names)

    def _save_state(self, port: PortSpec) -> None:
        value = self.state.take(port.name)
        if value is ABSENT:
            # Nobody has used the library: it is as it is in any new process.
            self.absent.append(port.name)
            return
        self._write({port.name: value}, Names(self.spec.definitions))

    def _save_files(self, port: PortSpec) -> None:
        from . import file_ports

        relative = self._next()
        sink = Sink(os.path.join(self.attempt, relative))
        try:
            folder = os.path.join(self.attempt, self.spec.cwd)
            meta = file_ports.pack(port.name, folder, sink)
            sink.close()
            sink.settle()
        finally:
            sink.abandon()
        if meta is None:
            os.unlink(sink.path)
            pattern = port.name.removeprefix(file_ports.PREFIX)
            self._missing(port, f"no file matches `{pattern}` when the step ends")
            return
        shown = {"type": "file", **meta}
        self.artifacts.append(
            ArtifactRecord(
                relative,
                sink.digest,
                sink.size,
                FILE,
                [port.name],
                {port.name: "file" if meta["layout"] == "raw" else "files"},
                "exact",
                meta,
                {port.name: shown},
            )
        )

    def _missing(self, port: PortSpec, said: str) -> None:
        if not port.optional:
            raise StepFault(
                "output", said, hint="a later step reads it: bind it in every case, or remove that"
            )
        self.absent.append(port.name)

    def _next(self) -> str:
        return os.path.join("outputs", str(len(self.artifacts)))

    def _write(self, members: dict[str, Any], names: Names) -> None:
        """Write values that belong together in the first format that gives them back."""
        relative = self._next()
        several = len(members) > 1
        value: Any = dict(members) if several else next(iter(members.values()))
        for each in formats():
            if several and each.name != "pickle":
                continue
            if not each.accepts(value):
                continue
            sink = Sink(os.path.join(self.attempt, relative))
            try:
                meta = each.save(value, sink, names)
                sink.close()
                fidelity = each.check(value, sink.path, meta, names)
                sink.settle()
            except OutputError as error:
                raise _blamed(error, members) from error
            except OSError:
                raise
            except Exception as error:
                # A format, or a library behind it, does not get along with the value.
                if each.name != "pickle":
                    continue
                said = f"cannot be written: {type(error).__qualname__}: {error}"
                raise _blamed(OutputError(said), members) from error
            finally:
                sink.abandon()
            self._written[len(self.artifacts)] = members
            self.artifacts.append(
                ArtifactRecord(
                    relative,
                    sink.digest,
                    sink.size,
                    BUNDLE if several else each.name,
                    list(members),
                    {name: _type_name(member) for name, member in members.items()},
                    fidelity,
                    meta,
                    {},
                )
            )
            return
        raise StepFault("output", f"no format gives `{next(iter(members))}` back as it is")


def _blamed(error: OutputError, members: dict[str, Any]) -> Exception:
    """Return the fault with the name of the member that the error is about."""
    from .refusals import named, path_to

    for name, member in members.items():
        within = member is error.culprit or path_to(member, error.culprit, name) != name
        if error.culprit is not None and within:
            return named(error, name, member)
    return named(error, "`, `".join(members), None)


def _type_name(value: Any) -> str:
    kind = type(value)
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
