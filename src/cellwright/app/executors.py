"""Owns the wiring of executors: which there are, which one a run gets, what each is given."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.app.resolution import wheelhouse
from cellwright.base.errors import EngineError, MachineError, UsageError

if TYPE_CHECKING:
    from cellwright.environment.index_config import IndexConfig
    from cellwright.execution.docker import DockerExecutor
    from cellwright.execution.executor import Executor
    from cellwright.execution.process import ProcessExecutor

GROUP = "cellwright.executors"


@dataclass(frozen=True)
class ExecutorSetup:
    """What the maker of an executor is given.

    `folder` is the workspace's `.cellwright`, `environ` this process's environment,
    `project` the folder whose pip and uv settings count, `interpreter` the notebook's
    own Python.
    """

    folder: Path
    project: Path
    interpreter: str = ""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def index_config(self) -> "IndexConfig":
        """Return how this machine reaches its package indexes; may hold credentials."""
        from cellwright.environment.index_config import read_index_config

        return read_index_config(self.environ, folder=self.project)


def docker_executor(setup: ExecutorSetup) -> "DockerExecutor":
    """Return the executor that runs each attempt in a container."""
    from cellwright.environment.image import dockerfile
    from cellwright.execution.docker import DockerExecutor
    from cellwright.model.pipeline import Environment

    def wheels(environment: Environment, target: Path, say: Callable[[str], None]) -> None:
        wheelhouse(setup.project).fetch_for_image(environment, target, say)

    return DockerExecutor(setup.folder, dockerfile=dockerfile, wheels=wheels, environ=setup.environ)


def process_executor(setup: ExecutorSetup) -> "ProcessExecutor":
    """Return the executor that runs each attempt as a process of this user."""
    from cellwright.execution.process import ProcessExecutor
    from cellwright.execution.virtual_environment import IndexAccess

    def index() -> IndexAccess:
        from cellwright.environment.index_config import uv_environment

        config = setup.index_config()
        environment = uv_environment(config, setup.environ)
        arguments = ("--no-index",) if config.no_index else ()
        return IndexAccess(environment, arguments, config.redact)

    return ProcessExecutor(
        setup.folder, index=index, interpreter=setup.interpreter, environ=setup.environ
    )


_BUILT_IN: Mapping[str, Callable[[ExecutorSetup], "Executor"]] = {
    "docker": docker_executor,
    "process": process_executor,
}


def make_executor(name: str, setup: ExecutorSetup) -> "Executor":
    """Return the executor of a name, which must be usable here.

    The two of our own are declared as entry points like any other; they are taken from
    here because looking through all installed distributions costs as much as a whole
    unchanged run.

    Raises:
        UsageError: there is no such executor.
        EngineError: it cannot be used on this machine.
    """
    maker = _BUILT_IN.get(name) or _installed(name)
    executor = maker(setup)
    reason = executor.available()
    if reason is not None:
        raise EngineError(
            reason, hint="`cellwright doctor` says more; --executor process needs none"
        )
    return executor


def _installed(name: str) -> "Callable[[ExecutorSetup], Executor]":
    from cellwright.base.registry import Registry

    plugins: Registry[Executor] = Registry(GROUP)
    if name not in plugins.names():
        known = ", ".join(("auto", *plugins.names()))
        raise UsageError(f"no executor is called `{name}`", hint=f"there is: {known}")
    return plugins.load(name)


def chosen_executor(
    name: str, environment: str, setup: ExecutorSetup, notice: Callable[[str], None]
) -> "Executor":
    """Return the executor for a run; `auto` is docker where an engine answers.

    Raises:
        UsageError: no such executor, or one that cannot use the current environment.
        EngineError: the engine that was asked for does not answer.
    """
    if environment == "current":
        if name not in ("auto", "process"):
            raise UsageError(
                f"the {name} executor cannot use the current environment",
                hint="take --executor process, or --environment locked",
            )
        return make_executor("process", setup)
    if name != "auto":
        return make_executor(name, setup)
    try:
        return make_executor("docker", setup)
    except MachineError as error:
        notice(f"no containers here ({error}); the steps run as processes")
        return make_executor("process", setup)
