"""Owns the images of environments: which base, which content, built at most once."""

import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import EngineError, UsageError
from cellwright.execution.docker_build import (
    BuildKit,
    BuildRequest,
    build_classic,
    proxies,
    write_context,
)
from cellwright.execution.docker_engine import Engine
from cellwright.execution.executor import Say
from cellwright.execution.platform_env import PINS
from cellwright.execution.runtime_copy import Runtime, runtime_copy
from cellwright.execution.single_flight import single_flight
from cellwright.model.pipeline import Environment

_OLD = 24 * 3600  # seconds


class DockerfileText(Protocol):
    """What the executor needs to know of environments: the text to build one from.

    The build's context holds `requirements.lock`, `wheels/` (empty where the lock is) and
    `runtime/`. The image's entry point takes the path of the attempt folder.
    """

    def __call__(
        self,
        environment: Environment,
        *,
        base_image: str,
        builder: Literal["classic", "buildkit"],
        variables: Mapping[str, str],
    ) -> str:
        """Return the Dockerfile."""


WheelFetcher = Callable[[Environment, Path, Say], None]
"""Puts every wheel of an environment's lock, and uv's own, into an empty folder."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    tag: str
    base: str
    text: str


def default_bases(python: str) -> tuple[str, str]:
    """Return the images to build on where none is named: one made here, one of the registry."""
    return (f"cellwright-base:{python}", f"python:{python}-slim-bookworm")


class EnvironmentImages:
    """The images of environments in one engine.

    An image is named by the digest of all that it is made of, so to look whether it
    exists is to look whether it is current.
    """

    def __init__(
        self,
        folder: Path,
        *,
        engine: Engine,
        dockerfile: DockerfileText,
        wheels: WheelFetcher,
        runtime: Runtime,
    ) -> None:
        self._folder = folder
        self._engine = engine
        self._dockerfile = dockerfile
        self._wheels = wheels
        self._runtime = runtime
        self._bases: dict[str, tuple[str, str]] = {}

    def identity(self, environment: Environment) -> Digest:
        """Return what stands for an environment in a cache key: one call to the engine."""
        _, base = self._base(environment)
        parts = (environment.python, environment.lock, environment.system_packages)
        return digest_of(("docker", 1, base, self._platform(environment), parts, PINS))

    def tag(self, environment: Environment) -> str:
        """Return the name of the image of an environment, whether it is built or not."""
        return self._recipe(environment).tag

    def prepare(self, environment: Environment, say: Say) -> bool:
        """Build the image unless it is there; see `Executor.prepare`."""
        recipe = self._recipe(environment)
        if self._engine.image(recipe.tag) is not None:
            return False
        lock = self._folder / "tmp" / "locks" / f"{recipe.tag.rpartition(':')[2]}.lock"
        with single_flight(lock, lambda: say(f"waiting: {recipe.tag} is being built already")):
            if self._engine.image(recipe.tag) is not None:
                return False
            self._build(environment, recipe, say)
        return True

    def built(self, environment: Environment) -> str:
        """Return the id of the image of a prepared environment.

        One that went missing since it was prepared is built again.
        """
        tag = self.tag(environment)
        facts = self._engine.image(tag)
        if facts is None:
            self.prepare(environment, lambda _line: None)
            facts = self._engine.image(tag)
        if facts is None:
            raise EngineError(f"image {tag} is gone, right after it was built")
        return facts.id

    def remove_scratch(self) -> None:
        """Remove the folders of builds that were cut off, once no build can be that old."""
        for folder in (self._folder / "tmp").glob("build-*"):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _OLD:
                    shutil.rmtree(folder, ignore_errors=True)

    def _base(self, environment: Environment) -> tuple[str, str]:
        """Return the reference to build on, and what identifies the image behind it.

        Where the environment names none, a base image made on this machine is taken
        before one of the registry's. An image of a registry is named by digest.
        """
        wanted = environment.base_image
        key = wanted or f"for {environment.python}"
        if key not in self._bases:
            self._bases[key] = self._find_base(wanted, environment.python)
        return self._bases[key]

    def _find_base(self, wanted: str, python: str) -> tuple[str, str]:
        minor = ".".join(python.split(".")[:2])
        names = (wanted,) if wanted else default_bases(minor)
        for name in names:
            facts = self._engine.image(name)
            if facts is not None:
                return facts.digest or name, facts.identity
        reference = names[-1]
        if "@sha256:" in reference:
            return reference, reference.rpartition("@")[2]
        digest = self._engine.registry_digest(reference)
        if digest:
            return f"{_without_tag(reference)}@{digest}", digest
        raise EngineError(
            f"base image {reference} is not on this machine, and its registry does not answer",
            hint=f"make one from Debian packages: cellwright base-image --python {minor}",
        )

    def _platform(self, environment: Environment) -> str:
        return environment.platform or f"linux/{platform.machine()}"

    def _recipe(self, environment: Environment) -> _Recipe:
        if environment.interpreter:
            raise UsageError(
                "the docker executor runs locked environments, not the current interpreter",
                hint="leave out `--environment current`, or use `--executor process`",
            )
        base, identity = self._base(environment)
        text = self._dockerfile(environment, base_image=base, builder="classic", variables=PINS)
        content = digest_of((text, environment.lock, self._runtime.digest(), identity))
        return _Recipe(f"cellwright/env:{content.partition(':')[2][:16]}", base, text)

    def _build(self, environment: Environment, recipe: _Recipe, say: Say) -> None:
        if self._engine.image(recipe.base) is None:
            self._engine.pull(recipe.base, say)
        kit = BuildKit(self._engine.environ)
        has_kit = "podman" not in self._engine.traits and bool(kit.version())
        text = recipe.text
        if has_kit:
            text = self._dockerfile(
                environment, base_image=recipe.base, builder="buildkit", variables=PINS
            )
        scratch = self._folder / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="build-", dir=scratch) as place:
            wheels = Path(place) / "wheels"
            wheels.mkdir()
            if environment.lock.strip():
                self._wheels(environment, wheels, say)
            request = BuildRequest(
                tag=recipe.tag,
                dockerfile=text,
                files={"requirements.lock": environment.lock.encode()},
                folders={
                    "wheels": wheels,
                    "runtime": runtime_copy(self._folder / "runtime", self._runtime),
                },
                network=bool(environment.system_packages),
                proxies=proxies(self._engine.environ) if environment.system_packages else {},
            )
            with tempfile.TemporaryFile(dir=place) as context:
                write_context(request, context)
                context.seek(0)
                if has_kit:
                    kit.build(request, context, engine=self._engine, say=say)
                else:
                    build_classic(request, context, engine=self._engine, say=say)


def _without_tag(reference: str) -> str:
    head, slash, last = reference.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
