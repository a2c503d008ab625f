"""Owns the way to a container engine: where it listens, whether it answers, its client.

What is asked on every run (does it answer, which image is this) goes over the engine's
socket in a few lines; importing the Docker SDK costs 0.1 s and is left to when something
must be built or run.
"""

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from cellwright.base.errors import EngineError
from cellwright.execution.executor import Say

if TYPE_CHECKING:
    from docker import APIClient

_ANSWER = 0.8  # seconds; an engine on this machine answers in 2 ms


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine is expected to listen, and who says so."""

    url: str
    origin: str

    @property
    def socket(self) -> str:
        """Return the path of the engine's socket, "" where it is reached otherwise."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the engine knows of an image.

    `digest` is `NAME@sha256:…` where a registry gave the image one, else "".
    """

    id: str
    digest: str
    platform: str

    @property
    def identity(self) -> str:
        """Return what changes if and only if the image does."""
        return self.digest.rpartition("@")[2] or self.id


def engine_address(environ: Mapping[str, str]) -> Address:
    """Return where the engine is: DOCKER_HOST, the docker context, or the usual places."""
    if url := environ.get("DOCKER_HOST", ""):
        return Address(url, "DOCKER_HOST")
    home = Path(environ.get("HOME", "/"))
    config = Path(environ.get("DOCKER_CONFIG", "") or home / ".docker")
    context = environ.get("DOCKER_CONTEXT", "") or _current_context(config)
    if context and context != "default" and (url := _context_host(config, context)):
        return Address(url, f"docker context `{context}`")
    run = environ.get("XDG_RUNTIME_DIR", "")
    places = [
        "/var/run/docker.sock",
        *([f"{run}/docker.sock"] if run else []),
        f"{home}/.docker/run/docker.sock",
        f"{home}/.colima/default/docker.sock",
        *([f"{run}/podman/podman.sock"] if run else []),
        "/run/podman/podman.sock",
    ]
    found = next((place for place in places if os.path.exists(place)), places[0])
    return Address(f"unix://{found}", "the usual place")


def _current_context(config: Path) -> str:
    return str(_json(config / "config.json").get("currentContext", ""))


def _context_host(config: Path, context: str) -> str:
    meta = config / "contexts" / "meta" / sha256(context.encode()).hexdigest() / "meta.json"
    endpoint = _json(meta).get("Endpoints", {}).get("docker", {})
    return str(endpoint.get("Host", ""))


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class Engine:
    """A container engine: Docker, or one that speaks its language (podman).

    Every failure to reach it, and every refusal, is an EngineError.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.environ = environ
        self._lock = threading.Lock()
        self._client: APIClient | None = None

    @cached_property
    def address(self) -> Address:
        """Return where it listens."""
        return engine_address(self.environ)

    def unavailable(self) -> str | None:
        """Return None when it answers, else why not and what to do; within a second."""
        try:
            status, body = self._get("/_ping", timeout=_ANSWER)
        except OSError as error:
            return _why_not(self.address, error)
        except EngineError as error:
            return str(error)
        if status != 200:
            return f"what listens at {self.address.url} is no Docker engine (status {status})"
        return None if body.strip() == b"OK" else f"no Docker engine at {self.address.url}"

    def image(self, reference: str) -> ImageFacts | None:
        """Return what is known of an image that the engine has, else None; about 3 ms."""
        with engine_errors(f"asking for image {reference}", self.address):
            status, body = self._get(f"/images/{quote(reference, safe='/:@')}/json", timeout=30)
        if status == 404:
            return None
        if status != 200:
            raise EngineError(f"the engine cannot say what {reference} is: {_message(body)}")
        return _facts(json.loads(body))

    def registry_digest(self, reference: str) -> str:
        """Return the digest that a registry gives a reference now, "" where none answers."""
        import docker.errors

        try:
            found = self.client.inspect_distribution(reference)
        except (docker.errors.DockerException, OSError):
            return ""
        return str(found.get("Descriptor", {}).get("digest", ""))

    def pull(self, reference: str, say: Say) -> None:
        """Fetch an image from its registry."""
        with engine_errors(f"pulling {reference}", self.address):
            seen: set[tuple[str, str]] = set()
            for entry in self.client.pull(reference, stream=True, decode=True):
                if "error" in entry:
                    raise EngineError(f"cannot pull {reference}: {entry['error']}")
                row = (str(entry.get("id", "")), str(entry.get("status", "")))
                if row not in seen:  # the same layer reports its bytes again and again
                    seen.add(row)
                    say(" ".join(part for part in row if part))

    def import_image(self, stream: IO[bytes], *, tag: str, changes: tuple[str, ...]) -> str:
        """File a tree that comes as a tar stream as the image `tag`; return its id."""
        repository, _, name = tag.rpartition(":")
        if not repository or "/" in name:
            repository, name = tag, "latest"
        with engine_errors(f"importing {tag}", self.address):
            answer = self.client.import_image_from_stream(
                stream, repository=repository, tag=name, changes=list(changes)
            )
        last = json.loads(answer.strip().splitlines()[-1])
        if "error" in last:
            raise EngineError(f"the engine did not take {tag}: {last['error']}")
        return str(last["status"])

    @property
    def client(self) -> "APIClient":
        """Return the SDK's client, made on first use."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    @contextmanager
    def connection(self) -> Iterator["APIClient"]:
        """Yield a client of its own; what it still waits for when it is left, is broken off.

        An engine ends a build when the client that asked for it hangs up.
        """
        own = self._connect()
        try:
            yield own
        finally:
            own.close()

    @cached_property
    def traits(self) -> frozenset[str]:
        """Return what is special about this engine: some of podman, rootless, userns."""
        with engine_errors("asking the engine about itself", self.address):
            options = self.client.info().get("SecurityOptions") or []
            version = self.client.version()
        special = {part.removeprefix("name=") for row in options for part in row.split(",")}
        parts = " ".join(str(part.get("Name")) for part in version.get("Components") or [])
        found = special & {"rootless", "userns"}
        return frozenset(found | {"podman"} if "podman" in parts.lower() else found)

    def _connect(self) -> "APIClient":
        import docker
        import docker.errors
        from docker.context import ContextAPI
        from docker.utils import kwargs_from_env

        url, origin = self.address.url, self.address.origin
        settings: dict[str, Any] = {"base_url": url}
        try:
            if origin == "DOCKER_HOST":
                settings = kwargs_from_env(environment=dict(self.environ))
            elif not self.address.socket:
                context = ContextAPI.get_context(origin.split("`")[1])
                settings = {"base_url": context.Host, "tls": context.TLSConfig}
            if url.startswith("ssh://"):
                settings["use_ssh_client"] = True
            return docker.APIClient(version="auto", timeout=60, **settings)
        except docker.errors.DockerException as error:
            reason = self.unavailable() if self.address.socket else None
            raise EngineError(reason or f"no engine at {url}: {error}") from error

    def _get(self, path: str, *, timeout: float) -> tuple[int, bytes]:
        if self.address.socket:
            return _ask(self.address.socket, path, timeout)
        from requests.exceptions import RequestException

        try:
            answer = self.client.get(f"{self.client.base_url}{path}", timeout=timeout)
        except RequestException as error:
            raise ConnectionError(str(error)) from error
        return answer.status_code, answer.content


def _ask(path: str, request: str, timeout: float) -> tuple[int, bytes]:
    """Return status and body of one GET. HTTP/1.0: the body ends with the connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(timeout)
        link.connect(path)
        link.sendall(f"GET {request} HTTP/1.0\r\nHost: engine\r\n\r\n".encode("ascii"))
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ConnectionError(f"what listens at {path} does not speak HTTP")
    return int(words[1]), body


def _facts(record: dict[str, Any]) -> ImageFacts:
    digests = sorted(record.get("RepoDigests") or [])
    parts = (record.get("Os"), record.get("Architecture"), record.get("Variant"))
    return ImageFacts(
        id=str(record["Id"]),
        digest=digests[0] if digests else "",
        platform="/".join(part for part in parts if part),
    )


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:500]


def _why_not(address: Address, error: BaseException) -> str:
    """Return one sentence on why an engine cannot be reached, and what helps."""
    where = address.socket or address.url
    by = "" if address.origin == "the usual place" else f" (set by {address.origin})"
    if isinstance(error, FileNotFoundError):
        return (
            f"no Docker engine: {where}{by} does not exist; install and start one "
            "(Debian: apt-get install docker.io), or set DOCKER_HOST"
        )
    if isinstance(error, PermissionError):
        return f"no permission to use the Docker engine at {where}{by}; {_group_hint(where)}"
    if isinstance(error, ConnectionRefusedError):
        return (
            f"nothing listens behind {where}{by}: the engine is not running; start it "
            "(sudo systemctl start docker, or open Docker Desktop)"
        )
    if isinstance(error, TimeoutError):
        return f"the Docker engine at {where}{by} does not answer; is it starting, or stuck?"
    return f"the Docker engine at {where}{by} cannot be reached: {error}"


def _group_hint(where: str) -> str:
    try:
        import grp

        found = os.stat(where)
        group = grp.getgrgid(found.st_gid).gr_name
    except (OSError, KeyError):
        return "ask who runs it for access"
    if found.st_mode & stat.S_IWGRP and group not in ("root", "wheel"):
        return f"join its group: sudo usermod -aG {group} $USER, then log in again"
    return "its socket is root's alone: use a rootless engine, or run as root"


@contextmanager
def engine_errors(doing: str, address: Address) -> Iterator[None]:
    """Turn what the SDK and the connection raise into EngineErrors that say what was done."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        import docker.errors

        # The SDK's errors for refusals are requests' errors, and those are OSErrors.
        if isinstance(error, docker.errors.APIError):
            raise EngineError(f"{doing}: {error.explanation or error}") from error
        if isinstance(error, OSError):
            raise EngineError(f"{doing}: {_why_not(address, _cause(error))}") from error
        if isinstance(error, docker.errors.DockerException):
            raise EngineError(f"{doing}: {error}") from error
        raise


def _cause(error: BaseException) -> BaseException:
    """Return the error of the system under the wrappings of requests and urllib3."""
    under: BaseException | None = error
    while under is not None:
        if isinstance(under, OSError) and under.errno is not None:
            return under
        under = under.__cause__ or under.__context__
    return error
