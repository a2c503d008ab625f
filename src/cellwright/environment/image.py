"""Owns the text of the Dockerfile that an environment is built from; pure.

The build takes all that it needs from its context and asks no network, unless the
environment names system packages. So it needs no credentials, and none can stay in a
layer. The context holds:

    requirements.lock    the environment's lock
    wheels/              every wheel of the lock, and uv's own; empty where the lock is
    runtime/             what runs the step's program
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Literal

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import UsageError
from cellwright.model.pipeline import Environment

Builder = Literal["classic", "buildkit"]
"""Which builder reads the text: buildkit can mount wheels instead of copying them."""

USER = "65532"
VENV = "/opt/venv"
RUNTIME = "/opt/cellwright"

# Fixed text only: nothing from a notebook enters a line that a shell reads.
_INSTALL = r"""export PYC_INVALIDATION_MODE=UNCHECKED_HASH UV_NO_INSTALLER_METADATA=1 \
 && python3 -m pip install --quiet --no-index --find-links /build/wheels --no-compile \
      --disable-pip-version-check --root-user-action ignore --target /tmp/uv uv \
 && /tmp/uv/bin/uv venv --quiet --no-project --no-python-downloads \
      --python {python} /opt/venv \
 && /tmp/uv/bin/uv pip sync --no-config --offline --no-index --find-links /build/wheels \
      --require-hashes --only-binary :all: {cache} --compile-bytecode \
      --python /opt/venv/bin/python /build/requirements.lock \
 && find /opt/venv -exec touch --no-dereference --date=@315532800 '{{}}' + \
 && rm -rf /tmp/uv{clean}"""

_WHY = """\
# The locked distributions. Compiled modules are valid by themselves, not by the time of
# their source, and all files carry one time: equal locks give equal files."""


def dockerfile(
    environment: Environment, *, base_image: str, builder: Builder, variables: Mapping[str, str]
) -> str:
    """Return the Dockerfile of an environment: the same text for the same arguments.

    `base_image` is the reference to build on, by digest where it has one. `variables`
    are what every step sees; HOME, USER, PATH are added.

    Raises:
        UsageError: the base image, or the name of a system package, is not one.
    """
    _demand_reference(base_image)
    sections = [
        _head(environment),
        f"FROM {base_image}\nLABEL cellwright.stage=environment",
        *([_system_packages(environment.system_packages)] if environment.system_packages else []),
        _distributions(environment, builder),
        *_runtime(environment, variables),
    ]
    return "\n\n".join(sections) + "\n"


def _head(environment: Environment) -> str:
    return (
        "# Made by Cellwright: the image of one environment.\n"
        f"# Python {_minor(environment.python)}, {environment.platform};"
        f" {_count(environment.lock)} pinned distributions."
    )


def _count(lock: str) -> int:
    return sum(1 for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line))


def _distributions(environment: Environment, builder: Builder) -> str:
    if not _count(environment.lock):
        return "# Nothing but the standard library.\n" + _run(
            "python3", "-m", "venv", "--without-pip", VENV
        )
    python = _minor(environment.python)
    if builder == "classic":
        install = _INSTALL.format(python=python, cache="--no-cache", clean=" /build")
        return f"{_WHY}\nCOPY requirements.lock /build/\nCOPY wheels /build/wheels\nRUN {install}"
    install = _INSTALL.format(python=python, cache="--link-mode copy", clean="")
    return (
        f"{_WHY} uv's cache outlives\n"
        "# the build: the next environment unpacks only what is new to it.\n"
        "RUN --mount=type=bind,source=wheels,target=/build/wheels \\\n"
        "    --mount=type=bind,source=requirements.lock,target=/build/requirements.lock \\\n"
        "    --mount=type=cache,target=/root/.cache/uv,id=cellwright-uv \\\n"
        f"    {install}"
    )


def _runtime(environment: Environment, variables: Mapping[str, str]) -> Iterator[str]:
    compile_all = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    yield (
        "# The runtime comes last: a new version of it leaves the layers above alone.\n"
        f"COPY runtime {RUNTIME}\n" + _run(f"{VENV}/bin/python", *compile_all, RUNTIME)
    )
    home = {
        "HOME": "/tmp",  # noqa: S108  # the only place that a step can write to, else
        "USER": "cellwright",
        "LOGNAME": "cellwright",
        "VIRTUAL_ENV": VENV,
    }
    yield (
        "# Pins that make a run repeat, and a home for a user that has no entry in passwd.\n"
        f"{_env({**variables, **home})}\n"
        f"ENV PATH={VENV}/bin:$PATH\n"
        f"LABEL cellwright.environment={_content(environment)}\n"
        f"USER {USER}:{USER}\n"
        f"ENTRYPOINT {json.dumps([f'{VENV}/bin/python', RUNTIME])}"
    )


def _content(environment: Environment) -> Digest:
    """Return what stands for all that an environment puts on top of its base image."""
    return digest_of(
        (
            environment.python,
            environment.lock,
            environment.platform,
            environment.system_packages,
        )
    )


def _system_packages(packages: tuple[str, ...]) -> str:
    for package in packages:
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]{1,80}(=[A-Za-z0-9.+:~-]{1,80})?", package):
            raise UsageError(
                f"`{package}` is not the name of a Debian package",
                hint="system packages are spelled NAME or NAME=VERSION",
            )
    listed = " ".join(sorted(set(packages)))
    return (
        "# System packages: the one layer that needs the network.\n"
        "RUN apt-get update \\\n"
        " && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\\n"
        f"      {listed} \\\n"
        " && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/log/*"
    )


def _run(*command: str) -> str:
    return f"RUN {json.dumps(command)}"


def _env(variables: Mapping[str, str]) -> str:
    rows = [f"{name}={_quoted(text)}" for name, text in sorted(variables.items())]
    return "ENV " + " \\\n    ".join(rows)


def _quoted(text: str) -> str:
    """Return a value as Dockerfile spells it; plain words stand as they are."""
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,-]+", text):
        return text
    if "\n" in text or "\r" in text:
        raise UsageError("an environment variable of an image must be one line")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _minor(python: str) -> str:
    """Return major and minor: the base image chooses the patch release."""
    return ".".join(python.split(".")[:2])


_REFERENCE = re.compile(
    r"[a-zA-Z0-9](?:[a-zA-Z0-9._/-]|:(?=\d+/))*"  # registry host and port, repository
    r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?"
)


def _demand_reference(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):
        raise UsageError(
            f"`{reference}` is not the name of an image",
            hint="for example python:3.11-slim-bookworm, or NAME@sha256:…",
        )
