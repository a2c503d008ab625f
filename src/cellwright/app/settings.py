"""Owns the settings of a workspace: `cellwright.toml`, or `[tool.cellwright]` in pyproject.toml."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from cellwright.base.errors import UsageError

ExecutorChoice = Literal["auto", "docker", "process"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What a workspace may choose once for all its notebooks."""

    executor: str = "auto"
    parallel: Annotated[int, msgspec.Meta(ge=1)] | None = None
    base_image: str = ""
    python: str = ""
    timeout: Annotated[float, msgspec.Meta(gt=0)] | None = None
    memory: str = ""


def read_settings(root: Path) -> Settings:
    """Return the settings that stand in a workspace's folder, or the defaults.

    Raises:
        UsageError: a file is not TOML, or has a key or value that does not fit.
    """
    own = root / "cellwright.toml"
    shared = root / "pyproject.toml"
    if own.is_file():
        return _convert(_load(own), own)
    if shared.is_file():
        table = _load(shared).get("tool", {})
        return _convert(table.get("cellwright", {}), shared)
    return Settings()


def _load(path: Path) -> dict[str, dict[str, dict[str, object]]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not TOML: {error}") from error


def _convert(table: object, path: Path) -> Settings:
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        known = ", ".join(name.replace("_", "-") for name in Settings.__struct_fields__)
        raise UsageError(f"{path.name}: {error}", hint=f"the settings are: {known}") from error
