"""Owns reading the step's metrics: numbers, by name."""

from typing import Any

from .faults import StepFault


def read_metrics(names: list[str], namespace: dict[str, Any]) -> dict[str, float]:
    """Return the metrics as numbers.

    Raises:
        StepFault: one is not bound, or is not a number; it is named.
    """
    return {name: _number(name, namespace) for name in names}


def _number(name: str, namespace: dict[str, Any]) -> float:
    if name not in namespace:
        raise StepFault(
            "metric",
            f"the metric `{name}` is not bound when the step ends",
            hint="assign it in every case, or take the name out of the `metrics` cell",
        )
    value = namespace[name]
    try:
        if _is_scalar(value):
            return float(value)
    except Exception as error:
        raise StepFault("metric", f"the metric `{name}` is not a number: {error}") from error
    kind = type(value).__qualname__
    raise StepFault(
        "metric",
        f"the metric `{name}` is not a number but of type `{kind}`",
        hint=f"assign one number: `{name} = float(…)`",
    )


def _is_scalar(value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return True
    if isinstance(value, str | bytes | complex):
        return False
    module = type(value).__module__.partition(".")[0]
    if module in ("decimal", "fractions"):
        return True
    # An array without dimensions, a scalar of numpy, a tensor with one element.
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    return getattr(value, "shape", None) == () and kind in "biuf" and hasattr(value, "__float__")
