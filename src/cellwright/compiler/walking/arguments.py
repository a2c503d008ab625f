"""Owns the arguments of a call: by position, by keyword, and from `*x` and `**x`."""

from dataclasses import dataclass

from cellwright.compiler.walking.heap import NOTHING, Value


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call gives: by position, by keyword, and from `*x` and `**x`."""

    positional: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    star: Value = NOTHING
    every: Value = NOTHING
    """What any parameter may be: a call that we do not see."""

    def all(self) -> Value:
        """Return everything that is given."""
        found = self.star | self.every
        for value in self.positional:
            found |= value
        for _, value in self.keywords:
            found |= value
        return found

    def keyword(self, name: str) -> Value | None:
        """Return the value of a keyword argument."""
        return next((value for key, value in self.keywords if key == name), None)

    def at(self, where: str) -> Value:
        """Return the argument at a position or keyword."""
        if not where.isdigit():
            return self.keyword(where) or NOTHING
        index = int(where)
        return self.positional[index] if index < len(self.positional) else self.star


def given(*values: Value) -> Arguments:
    """Return arguments by position."""
    return Arguments(tuple(values))
