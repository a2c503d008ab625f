"""Owns what makes two components the same: syntax without comments, ports, options."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from cellwright.base.canonical import Digest, digest_of
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.model.options import StepOptions
from cellwright.model.pipeline import Port

FORMAT = 1


@dataclass
class Dumps:
    """Digests of the syntax of trees met before; the trees are kept, so ids stay theirs."""

    limit: int = 8192
    _known: dict[int, tuple[ast.AST, Digest]] = field(default_factory=dict)

    def of(self, node: ast.AST) -> Digest:
        """Return the digest of a tree without places."""
        found = self._known.get(id(node))
        if found is None:
            if len(self._known) >= self.limit:
                self._known.clear()
            found = self._known[id(node)] = (node, digest_of(ast.dump(node)))
        return found[1]


def fingerprint(
    dumps: Dumps,
    *,
    carried: Sequence[ast.stmt],
    forgotten: Sequence[str],
    body: Sequence[ParsedCell],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    metrics: Sequence[str],
    options: StepOptions,
) -> Digest:
    """Return the identity of a component's meaning.

    Comments, layout, cell ids and the place of the step in the notebook do not count;
    neither do options about the machine, which cannot change what is computed.
    """
    return digest_of(
        (
            FORMAT,
            tuple(dumps.of(node) for node in carried),
            tuple(forgotten),
            tuple(dumps.of(parsed.tree) for parsed in body),
            tuple((str(p.name), p.kind.value, p.optional) for p in inputs),
            tuple((str(p.name), p.kind.value, p.optional) for p in outputs),
            tuple(metrics),
            (options.files, options.writes, options.environment, options.network),
        )
    )
