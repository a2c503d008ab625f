"""Owns the docker executor: an image per environment, a container per attempt."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import MachineError
from cellwright.execution.docker_build import proxies, remove_leftovers
from cellwright.execution.docker_engine import Engine, engine_errors
from cellwright.execution.docker_image import DockerfileText, EnvironmentImages, WheelFetcher
from cellwright.execution.docker_process import DockerProcess, give_back, remove_container
from cellwright.execution.executor import Process, Say, StepRequest
from cellwright.execution.ownership import is_dead, owner
from cellwright.execution.places import make_places
from cellwright.execution.runtime_copy import RUNTIME, Runtime
from cellwright.model.pipeline import Environment

if TYPE_CHECKING:
    from docker.types import Mount

ATTEMPT = "/cellwright/attempt"
_NOBODY = 65532  # the user of a step where Cellwright itself runs as root
_PROCESSES = 2048
_SHARED_MEMORY = 1 << 30  # bytes; the engine's own 64 MB are too few for joblib and torch
_READ_ONLY = ("spec.json", "program.py")
_WRITABLE = ("outputs", "logs", "work")


class DockerExecutor:
    """Runs each attempt in a container of its own: no rights, no network, nothing to change
    but its attempt folder."""

    name = "docker"

    def __init__(
        self,
        folder: Path,
        *,
        dockerfile: DockerfileText,
        wheels: WheelFetcher,
        runtime: Runtime = RUNTIME,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Keep scratch files and locks in `folder`, the `.cellwright` of a workspace."""
        self._folder = folder.absolute()
        self._environ = environ
        self.engine = Engine(environ)
        self._images = EnvironmentImages(
            self._folder,
            engine=self.engine,
            dockerfile=dockerfile,
            wheels=wheels,
            runtime=runtime,
        )

    def available(self) -> str | None:
        """Return None when the engine answers, else why not."""
        return self.engine.unavailable()

    def identity(self, environment: Environment) -> Digest:
        """Return what stands for an environment in a cache key: one call to the engine.

        The base image enters by digest: a tag that is pointed elsewhere is another
        environment.
        """
        return self._images.identity(environment)

    def image(self, environment: Environment) -> str:
        """Return the name of the image of an environment, whether it is built or not."""
        return self._images.tag(environment)

    def prepare(self, environment: Environment, say: Say) -> bool:
        """Build the image unless it is there: 3 ms then.

        Raises:
            EngineError: the build failed; the message has the step and the last lines.
            MachineError: a wheel cannot be had.
        """
        return self._images.prepare(environment, say)

    def start(self, request: StepRequest) -> Process:
        """Start the container of an attempt.

        An image that went missing since `prepare` is built again.

        Raises:
            EngineError: the engine refused; no container is left.
            MachineError: a file to be mounted, or a secret, is not there.
        """
        settings = self._settings(request)
        image = self._images.built(request.environment)
        uid, gid = self._user(request)
        container = self._create(request, image, user=f"{uid}:{gid}", settings=settings)
        return DockerProcess(
            self.engine,
            container,
            timeout=request.timeout,
            ended=lambda: _take_back(request.attempt, uid),
        )

    def reap(self) -> tuple[str, ...]:
        """Remove containers of this workspace whose process is dead, and cut-off builds."""
        removed = []
        client = self.engine.client
        with engine_errors("looking for what dead runs left", self.engine.address):
            mine = {"label": f"cellwright.workspace={self._workspace}"}
            for row in client.containers(all=True, filters=mine):
                labels = row.get("Labels") or {}
                if is_dead(labels.get("cellwright.owner", "")):
                    remove_container(self.engine, row["Id"])
                    removed.append(
                        f"container of step {labels.get('cellwright.step', '?')}"
                        f" of run {labels.get('cellwright.run', '?')}"
                    )
        self._images.remove_scratch()
        return (*removed, *remove_leftovers(self.engine))

    @property
    def _workspace(self) -> str:
        return digest_of(str(self._folder)).partition(":")[2][:16]

    def _settings(self, request: StepRequest) -> "_Settings":
        """Return what is particular to an attempt, after looking that it is there."""
        if not request.attempt.is_dir():
            raise MachineError(f"attempt folder {request.attempt} does not exist")
        missing = [str(path) for path in request.mounts.values() if not path.exists()]
        if missing:
            raise MachineError(
                f"step {request.step} needs {', '.join(missing)}, which does not exist"
            )
        return _Settings(
            variables={
                **request.variables,
                **_secrets(request, self._environ),
                **(proxies(self._environ) if request.network else {}),
            },
            certificates=_certificates(self._environ) if request.network else {},
        )

    def _user(self, request: StepRequest) -> tuple[int, int]:
        """Return who the step is, and let them write what a step may write.

        As root we hand the attempt's folders to a user without name; as another user the
        step is that user. In a rootless engine root is that user.
        """
        if "rootless" in self.engine.traits:
            return 0, 0
        uid, gid = os.geteuid(), os.getegid()
        if uid != 0:
            return uid, gid
        for name in _WRITABLE:
            (request.attempt / name).mkdir(exist_ok=True)
        os.chown(request.attempt, _NOBODY, _NOBODY)
        give_back(tuple(str(request.attempt / name) for name in _WRITABLE), _NOBODY, _NOBODY)
        return _NOBODY, _NOBODY

    def _create(self, request: StepRequest, image: str, *, user: str, settings: "_Settings") -> str:
        client = self.engine.client
        labels = {
            "cellwright.workspace": self._workspace,
            "cellwright.run": request.run,
            "cellwright.step": request.step,
            "cellwright.nonce": request.nonce,
            "cellwright.owner": owner(),
        }
        with engine_errors(f"starting step {request.step}", self.engine.address):
            created = client.create_container(
                image,
                command=[ATTEMPT],
                name=_container_name(request),
                hostname="cellwright",
                user=user,
                environment={**settings.variables, **settings.certificate_variables},
                labels=labels,
                host_config=client.create_host_config(**self._host(request, settings)),
            )
            container = str(created["Id"])
            try:
                client.start(container)
            except BaseException:
                client.remove_container(container, force=True, v=True)
                raise
        return container

    def _host(self, request: StepRequest, settings: "_Settings") -> dict[str, Any]:
        """Return how the container is kept from everything but its attempt."""
        limits: dict[str, Any] = {"pids_limit": _PROCESSES}
        if request.memory is not None:
            limits |= {"mem_limit": request.memory, "memswap_limit": request.memory}
        if request.cpus is not None:
            limits["nano_cpus"] = int(request.cpus * 1e9)
        if "podman" not in self.engine.traits:
            options = {"max-size": "1m", "max-file": "1", "compress": "false"}
            limits["log_config"] = {"Type": "local", "Config": options}
        if "userns" in self.engine.traits:
            limits["userns_mode"] = "host"
        return {
            **limits,
            "init": True,
            "read_only": True,
            "tmpfs": {"/tmp": "rw,exec,nosuid,nodev,mode=1777"},  # noqa: S108
            "shm_size": min(_SHARED_MEMORY, request.memory or _SHARED_MEMORY),
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "network_mode": "bridge" if request.network else "none",
            "mounts": _mounts(request, settings),
        }


@dataclass(frozen=True, slots=True)
class _Settings:
    """What an attempt sees of this machine: variables, and certificates by variable name."""

    variables: Mapping[str, str]
    certificates: Mapping[str, Path]

    @property
    def certificate_variables(self) -> dict[str, str]:
        return {name: f"/cellwright/certificates/{name}" for name in self.certificates}


def _mounts(request: StepRequest, settings: _Settings) -> "list[Mount]":
    """Return the attempt folder, writable, and over it all that must not change.

    Given as mounts, not as binds: for a bind the engine makes a missing source itself, as
    root.
    """
    from docker.types import Mount

    shown = {f"{ATTEMPT}/{name}": request.attempt / name for name in _READ_ONLY}
    make_places(
        (request.attempt / inside, source.is_dir())
        for inside, source in request.mounts.items()
        if not os.path.isabs(inside)
    )
    for inside, source in request.mounts.items():
        shown[inside if os.path.isabs(inside) else f"{ATTEMPT}/{inside}"] = source
    for name, source in settings.certificates.items():
        shown[settings.certificate_variables[name]] = source
    return [
        Mount(ATTEMPT, str(request.attempt.absolute()), type="bind"),
        *(
            Mount(target, str(source.resolve()), type="bind", read_only=True)
            for target, source in sorted(shown.items())
            if source.exists()
        ),
    ]


def _secrets(request: StepRequest, environ: Mapping[str, str]) -> dict[str, str]:
    missing = [name for name in request.secrets if name not in environ]
    if missing:
        raise MachineError(
            f"step {request.step} needs {', '.join(missing)} in the environment",
            hint=f"export {missing[0]}=… before the run; values are never written down",
        )
    return {name: environ[name] for name in request.secrets}


def _certificates(environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the certificate files that this machine's own programs are told to trust."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    found = {name: Path(environ[name]) for name in names if environ.get(name)}
    return {name: path for name, path in found.items() if path.is_file()}


def _container_name(request: StepRequest) -> str:
    readable = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{request.run}-{request.step}")
    return f"cellwright-{readable}-{request.nonce[:12]}"


def _take_back(attempt: Path, uid: int) -> None:
    """Make this user the owner of what the step wrote."""
    if os.geteuid() == 0 and uid != 0:
        give_back((str(attempt),), os.geteuid(), os.getegid())
