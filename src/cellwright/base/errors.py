"""Owns the tree of exceptions: the world is wrong, not the notebook and not us.

    CellwrightError           base; `str()` says what was asked, `hint` how to mend it
    ├── UsageError            a wrong command line, option or name          exit code 2
    ├── RefusedError          diagnostics stand in the way                  exit code 3
    └── MachineError          the machine's fault                           exit code 4
        ├── EngineError       no container engine, or it failed
        ├── ResolveError      requirements cannot be locked
        ├── StoreError        the store cannot be read or written
        └── ToolError         a program we call is missing or failed

A mistake in a notebook is a diagnostic, never one of these; a mistake of ours is an
assertion.
"""


class CellwrightError(Exception):
    """A failure with a cause outside the notebook; `hint` tells the user what to try."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CellwrightError):
    """What was asked for does not exist or does not fit."""

    exit_code = 2


class RefusedError(CellwrightError):
    """The notebook has errors that must be mended before it can be run."""

    exit_code = 3


class MachineError(CellwrightError):
    """The machine, not the notebook, is in the way."""


class EngineError(MachineError):
    """The container engine cannot be reached, or refused what was asked of it."""


class ResolveError(MachineError):
    """The requirements cannot be resolved to pins."""


class StoreError(MachineError):
    """The store cannot be read or written, or what it holds is damaged."""


class ToolError(MachineError):
    """A program that Cellwright calls is missing or ended with an error."""
