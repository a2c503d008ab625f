"""Owns what the cells show: `display`, values of last expressions, figures.

A kernel sends these beside the output streams; so they are recorded as nbformat outputs
and nothing of them is printed.
"""

import builtins
import json
import os
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
        self._named: dict[Any, list[dict[str, Any]]] = {}

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
        """Record values as IPython's `display` shows them.

        With a `display_id`, what has that id already shows the value from then on, too; with
        `update`, that is all that happens.
        """
        transient = dict(options.get("transient") or {})
        if options.get("display_id"):
            chosen = options["display_id"]
            transient["display_id"] = os.urandom(16).hex() if chosen is True else chosen
        named = transient.get("display_id")
        if options.get("update") and named is None:
            raise TypeError("display_id required for update_display")
        raw = options.get("raw")
        if not values and options.get("display_id"):
            values, raw = ({},), True  # a place for what comes later
        for value in values:
            if raw:
                data, metadata = dict(value), dict(options.get("metadata") or {})
            else:
                data, metadata = mime_bundle(value, options.get("include"), options.get("exclude"))
                metadata = {**metadata, **(options.get("metadata") or {})}
                if not data:
                    continue
            self.publish(data, metadata, transient=transient, update=options.get("update"))
        return DisplayHandle(named) if options.get("display_id") else None

    def publish(self, data: Any, metadata: Any = None, **options: Any) -> None:
        """Record forms that are made already, as IPython's `publish_display_data` does."""
        named = (options.get("transient") or {}).get("display_id")
        data, metadata = dict(data), dict(metadata or {})
        for entry in self._named.get(named, ()):
            self._size -= len(json.dumps(entry))
            fresh, size = _entry({}, data, metadata)
            entry.update(fresh)
            self._size += size
        if options.get("update"):
            return
        added = self._add({"output_type": "display_data"}, data, metadata)
        if named is not None and added is not None:
            self._named.setdefault(named, []).append(added)

    def update_display(self, value: Any, *, display_id: Any, **options: Any) -> None:
        """Show another value in place of what was shown under an id."""
        self.display(value, display_id=display_id, **{**options, "update": True})

    def take_over(self, module: ModuleType) -> None:
        """Stand in for IPython's own functions, which print where there is no kernel."""
        module.display = self.display  # type: ignore[attr-defined]
        module.publish_display_data = self.publish  # type: ignore[attr-defined]
        module.update_display = self.update_display  # type: ignore[attr-defined]
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

    def _add(
        self, output: dict[str, Any], data: dict[str, Any], metadata: dict[str, Any]
    ) -> dict[str, Any] | None:
        entry, size = _entry(output, data, metadata)
        if self._size + size > MOST:
            self._left_out += 1
            return None
        self._size += size
        self._outputs.append([self.cell, entry])
        return entry

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


class DisplayHandle:
    """What `display(…, display_id=True)` returns: shows other values in the same place."""

    def __init__(self, display_id: Any) -> None:
        self.display_id = display_id

    def __repr__(self) -> str:
        return f"<DisplayHandle display_id={self.display_id}>"

    def display(self, value: Any, **options: Any) -> None:
        """Show a value once more, and in the places where it is shown already."""
        _display(value, display_id=self.display_id, **options)

    def update(self, value: Any, **options: Any) -> None:
        """Show another value in the same places."""
        _display(value, display_id=self.display_id, **{**options, "update": True})


def _display(*values: Any, **options: Any) -> None:
    builtins.display(*values, **options)  # type: ignore[attr-defined]


def _entry(
    output: dict[str, Any], data: dict[str, Any], metadata: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """Return an output as it is recorded, and its size; what JSON cannot hold is left out."""
    entry = {**output, "data": data, "metadata": metadata}
    try:
        return entry, len(json.dumps(entry))
    except (TypeError, ValueError, RecursionError):
        entry = {**output, "data": {"text/plain": str(data.get("text/plain", ""))}}
        entry["metadata"] = {}
        return entry, len(json.dumps(entry))
