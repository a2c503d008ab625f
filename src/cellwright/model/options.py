"""Owns the options of a step and of a pipeline: the fields, their types, their schema.

They stand in `metadata.cellwright` of a step's first cell, or of the notebook. The
command line, the REST API and the JupyterLab form derive from these two types.
"""

from typing import Annotated, Literal

import msgspec

CacheMode = Literal["auto", "always", "never"]


class MetricOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to read a metric: which direction is better, and where it fails a run."""

    direction: Literal["maximize", "minimize"] | None = None
    minimum: float | None = None
    maximum: float | None = None


class StepOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a step asks of the machine, and what the text cannot tell."""

    image: Annotated[str, msgspec.Meta(description="base image of this step")] = ""
    cpus: Annotated[float, msgspec.Meta(gt=0)] | None = None
    memory: Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?\s*([KMGT]i?)?B?$")] | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, description="seconds")] | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    cache: CacheMode = "auto"
    network: bool = False
    files: Annotated[
        tuple[str, ...], msgspec.Meta(description="files read, relative to the notebook; globs")
    ] = ()
    writes: Annotated[
        tuple[str, ...], msgspec.Meta(description="files written, relative to the notebook")
    ] = ()
    environment: Annotated[
        dict[str, str], msgspec.Meta(description="environment variables, not secret")
    ] = {}
    secrets: Annotated[
        tuple[str, ...], msgspec.Meta(description="names of environment variables, never values")
    ] = ()
    requirements: Annotated[
        tuple[str, ...], msgspec.Meta(description="distributions needed beyond the imports")
    ] = ()
    metrics: dict[str, MetricOption] = {}


class PipelineOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults and settings of a whole notebook."""

    untagged: Literal["ignore", "previous"] | None = None
    image: str = ""
    python: str = ""
    requirements: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    schedule: Annotated[str, msgspec.Meta(description="cron expression, used by exports")] = ""
    steps: dict[str, StepOptions] = {}
