"""Owns the events of a run on disk: one JSON object a line, as they came."""

import math
import threading
from pathlib import Path
from typing import Self

import msgspec

from cellwright.base.errors import StoreError
from cellwright.model.events import Event, StepFinished


class EventLog:
    """Appends the events of one run to a file; safe to call from any thread.

    The file serves those who look on; the ledger has the truth. So it is not fsynced,
    and a full disk does not stop a run.
    """

    def __init__(self, path: Path) -> None:
        """Begin the file; StoreError when it cannot be made."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error
        self._encoder = msgspec.json.Encoder()
        self._lock = threading.Lock()

    def append(self, event: Event) -> None:
        """Write an event, whole, before it returns."""
        line = self._encoder.encode(_writable(event)) + b"\n"
        with self._lock:
            if not self._file.closed:
                try:
                    self._file.write(line)
                except OSError:
                    self._file.close()

    def close(self) -> None:
        """End the file; later events are dropped."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def _writable(event: Event) -> Event:
    """Leave out metrics that JSON has no number for; the ledger has them."""
    if isinstance(event, StepFinished) and not all(map(math.isfinite, event.metrics.values())):
        finite = {name: value for name, value in event.metrics.items() if math.isfinite(value)}
        return msgspec.structs.replace(event, metrics=finite)
    return event


def read_events(path: Path) -> tuple[Event, ...]:
    """Return the events of a run so far; none where there is no file.

    A last line that is being written, or was cut off, is left out.
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    decoder = msgspec.json.Decoder(Event)
    events: list[Event] = []
    for line in lines:
        try:
            events.append(decoder.decode(line))
        except msgspec.DecodeError:
            continue
    return tuple(events)
