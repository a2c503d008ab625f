"""Owns the TypeScript types of the wire: made from `wire.py`, never edited by hand.

python -m cellwright.server.typescript labextension/src/api/schema.ts
"""

import inspect
import sys
from pathlib import Path

import msgspec
from msgspec import inspect as shapes

from cellwright.server import wire

_HEADER = """\
// Made from src/cellwright/server/wire.py; do not edit. To make it again:
//   python -m cellwright.server.typescript labextension/src/api/schema.ts
"""

_WIDTH = 80  # where the page's formatter breaks a line


def typescript() -> str:
    """Return the text of `schema.ts`: one interface for each shape of the wire."""
    return _HEADER + "".join(f"\n{_interface(shape)}" for shape in wire.SHAPES)


def _interface(shape: type[msgspec.Struct]) -> str:
    described = shapes.type_info(shape)
    if not isinstance(described, shapes.StructType):
        raise TypeError(shape)
    lines = ["/**", *(f" * {line}".rstrip() for line in _doc(shape)), " */"]
    lines.append(f"export interface I{shape.__name__} {{")
    for field in described.fields:
        mark = "" if field.required else "?"
        lines += _field(f"  readonly {field.encode_name}{mark}:", _spelled(field.type))
    return "\n".join([*lines, "}", ""])


def _doc(shape: type[msgspec.Struct]) -> list[str]:
    return (inspect.getdoc(shape) or "").splitlines()


def _field(name: str, alternatives: list[str]) -> list[str]:
    line = f"{name} {' | '.join(alternatives)};"
    if len(line) <= _WIDTH:
        return [line]
    *others, last = alternatives
    return [name, *(f"    | {one}" for one in others), f"    | {last};"]


def _spelled(kind: shapes.Type) -> list[str]:
    """Return the alternatives of a type in TypeScript."""
    match kind:
        case shapes.StrType():
            return ["string"]
        case shapes.IntType() | shapes.FloatType():
            return ["number"]
        case shapes.BoolType():
            return ["boolean"]
        case shapes.NoneType():
            return ["null"]
        case shapes.RawType():
            return ["unknown"]
        case shapes.LiteralType(values=values):
            return [f"'{value}'" for value in values]
        case shapes.UnionType(types=types):
            return [text for one in _nones_last(types) for text in _spelled(one)]
        case shapes.StructType(cls=cls):
            return [f"I{cls.__name__}"]
        case shapes.VarTupleType(item_type=item):
            inner = " | ".join(_spelled(item))
            return [f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"]
        case _:
            raise NotImplementedError(f"no TypeScript for {kind}")


def _nones_last(types: tuple[shapes.Type, ...]) -> list[shapes.Type]:
    return sorted(types, key=lambda kind: isinstance(kind, shapes.NoneType))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(typescript(), encoding="utf-8")
