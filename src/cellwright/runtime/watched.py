"""Owns how it is told that an input is still what was loaded: exactly, and in little time.

What came as an array or a pickle is compared with its file (`watched_files`): nothing is
done before the cells run, and nothing is kept. Plain values are noted when they are
loaded (`watched_plain`).

What is not watched: values that cannot change, and objects of libraries and of the
notebook's classes, which may note things in themselves when they are only read.
"""

import os
from typing import Any, Protocol

from .manifest import ArtifactSpec
from .names import Names
from .plain import ALONE
from .serializers import BUNDLE


class Watched(Protocol):
    """One guarded input. `estimate` is what a comparison may take, in seconds."""

    estimate: float

    def same(self) -> bool:
        """Tell whether the value is still what was loaded."""


def watch(
    name: str, value: Any, artifact: ArtifactSpec, attempt: str, names: Names
) -> Watched | None:
    """Return what tells whether an input changes, None where nothing can.

    What a kind of value needs is imported when there is one: a step should not wait for it.
    """
    if type(value) in ALONE:
        return None
    path = os.path.join(attempt, artifact.path)
    match artifact.serializer:
        case "json":
            from .watched_plain import watch_plain

            return watch_plain(value, path)
        case "npy":
            from .watched_files import WatchedArray

            return WatchedArray(value, path, artifact.meta)
        case "pickle" | "bundle":
            from .watched_files import watch_pickled

            member = name if artifact.serializer == BUNDLE else None
            return watch_pickled(value, path, member, names)
        case _:
            return None
