"""Makes attempts for executors, and a runtime that does nothing but run the program."""

from pathlib import Path

from cellwright.execution.executor import StepRequest
from cellwright.execution.runtime_copy import Runtime
from cellwright.model.pipeline import Environment, StepName

_MAIN = """\
import os, sys
attempt = sys.argv[1]
os.chdir(os.path.join(attempt, "work"))
with open(os.path.join(attempt, "program.py")) as handle:
    exec(compile(handle.read(), "program.py", "exec"), {"__name__": "__main__", "ATTEMPT": attempt})
"""


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__main__.py").write_text(_MAIN)


BARE = Runtime(lambda: "sha256:ba4e0000000000000000", _write)


def attempt(
    folder: Path,
    program: str,
    *,
    environment: Environment,
    nonce: str = "",
    step: str = "train",
    run: str = "run-1",
    **options: object,
) -> StepRequest:
    """Lay out an attempt at a step whose program is `program`."""
    for name in ("inputs", "work", "outputs", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "program.py").write_text(program)
    (folder / "spec.json").write_text("{}")
    return StepRequest(
        run=run,
        step=StepName(step),
        nonce=nonce or folder.name,
        attempt=folder,
        environment=environment,
        mounts=options.pop("mounts", {}),
        **options,
    )
