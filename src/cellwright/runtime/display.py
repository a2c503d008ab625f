"""Owns what the cells show: `display`, values of last expressions, figures.

A kernel sends these beside the output streams; so they are recorded as nbformat outputs
and nothing of them is printed.
"""

import builtins
import json
import sys
from types import ModuleType
from typing import Any

from .place import appear
from .rich import mime_bundle
from .secrets import Redactor

MOST = 32 * 1024 * 1024
"""Bytes of displays that are kept for a step."""

_UNDERSCORES = ("_", "__", "___")


class Displays:
    """The outputs of the step, each with the number of its cell."""

    def __init__(self) -> None:
        self.cell = 0
        self._outputs: list[list[Any]] = []
        self._size = 0
        self._left_out = 0
        self._underscores: list[Any] = []

    def install(self) -> None:
        """Become what `display` and last expressions call."""
        builtins.display = self.display  # type: ignore[attr-defined]
        sys.displayhook = self.show_value

    def show_value(self, value: Any) -> None:
        """Record the value of a last expression, and make it `_`; None is not shown."""
        if value is None:
            return
        data, metadata = mime_bundle(value)
        if data:
            self._add({"output_type": "execute_result", "execution_count": None}, data, metadata)
        self._remember(value)

    def display(self, *values: Any, **options: Any) -> Any:
        """Record values as IPython's `display` shows them."""
        for value in values:
            if options.get("raw"):
                data, metadata = dict(value), dict(options.get("metadata") or {})
            else:
                data, metadata = mime_bundle(value, options.get("include"), options.get("exclude"))
            if data:
                self._add({"output_type": "display_data"}, data, metadata)
        return _Handle(self) if options.get("display_id") else None

    def publish(self, data: Any, metadata: Any = None, **_options: Any) -> None:
        """Record forms that are made already, as IPython's `publish_display_data` does."""
        self._add({"output_type": "display_data"}, dict(data), dict(metadata or {}))

    def take_over(self, module: ModuleType) -> None:
        """Stand in for IPython's own functions, which print where there is no kernel."""
        module.display = self.display  # type: ignore[attr-defined]
        module.publish_display_data = self.publish  # type: ignore[attr-defined]
        module.clear_output = lambda wait=False: None  # type: ignore[attr-defined]  # noqa: ARG005

    def end_of_cell(self) -> None:
        """Show and close the figures that a cell left open."""
        figures = sys.modules.get(f"{__package__}.figures")
        if figures is not None and "matplotlib.pyplot" in sys.modules and figures.chosen():
            figures.end_of_cell()

    def divert(self) -> list[list[Any]]:
        """Set aside what was shown so far; `resume` brings it back."""
        aside, self._outputs = self._outputs, []
        return aside

    def resume(self, aside: list[list[Any]]) -> list[Any]:
        """Go on with what was set aside, and return what was shown since."""
        shown, self._outputs = self._outputs, aside
        return [entry for _, entry in shown]

    def save(self, path: str, redactor: Redactor) -> None:
        """Write the displays, secrets masked."""
        if self._left_out:
            note = f"[{self._left_out} more displays of this step were left out]"
            self._outputs.append(
                [self.cell, {"output_type": "stream", "name": "stderr", "text": note}]
            )
        payload = json.dumps(redactor.plain(self._outputs), sort_keys=True).encode()
        appear(path, payload)

    def _add(self, output: dict[str, Any], data: dict[str, Any], metadata: dict[str, Any]) -> None:
        entry = {**output, "data": data, "metadata": metadata}
        try:
            size = len(json.dumps(entry))
        except (TypeError, ValueError, RecursionError):
            entry = {**output, "data": {"text/plain": str(data.get("text/plain", ""))}}
            entry["metadata"] = {}
            size = len(json.dumps(entry))
        if self._size + size > MOST:
            self._left_out += 1
            return
        self._size += size
        self._outputs.append([self.cell, entry])

    def _remember(self, value: Any) -> None:
        """Keep the last three values as `_`, `__`, `___`, unless somebody else set them."""
        for name, mine in zip(_UNDERSCORES, self._underscores, strict=False):
            if builtins.__dict__.get(name) is not mine:
                return
        if not self._underscores and "_" in builtins.__dict__:
            return
        self._underscores = [value, *self._underscores][:3]
        for name, kept in zip(_UNDERSCORES, self._underscores, strict=False):
            setattr(builtins, name, kept)


class _Handle:
    """What `display(…, display_id=True)` returns: an update is shown as one more display."""

    def __init__(self, displays: Displays) -> None:
        self._displays = displays

    def display(self, value: Any, **options: Any) -> None:
        """Show a value."""
        self._displays.display(value, **options)

    update = display
