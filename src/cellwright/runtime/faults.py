"""Owns the failures that the runtime itself finds, as against exceptions of the cells."""


class StepFault(Exception):  # noqa: N818  # it is a fault of the step, not an error of ours
    """The step cannot go on; `kind` is one of `model.run.Failure.kind`, `cell` and `line` in
    it say where, as far as that is known."""

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        hint: str = "",
        cell: int | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.hint = hint
        self.cell, self.line = cell, line


class UnfitError(Exception):
    """A format cannot give the value back as it is; the text says what would be lost."""


class OutputError(Exception):
    """A value cannot travel at all; `culprit` is the part of it that stands in the way."""

    def __init__(self, message: str, *, culprit: object = None, hint: str = "") -> None:
        super().__init__(message)
        self.culprit = culprit
        self.hint = hint
