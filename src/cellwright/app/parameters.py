"""Owns how `NAME=VALUE` becomes a parameter's value: typed, and never as code."""

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from cellwright.base.errors import UsageError
from cellwright.model.pipeline import Parameter

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def parse_assignments(
    assignments: Iterable[str], parameters: Sequence[Parameter]
) -> Mapping[str, str]:
    """Return the literal of every parameter that an assignment names.

    The text after the first `=` is read by the type of the parameter's default: words
    for a string, a number for a number, a Python or JSON literal for a container.

    Raises:
        UsageError: no `=`, an unknown name, or a value that does not fit the type.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, str] = {}
    for assignment in assignments:
        name, found, text = assignment.partition("=")
        name = name.strip()
        if not found:
            raise UsageError(f"`{assignment}` is not NAME=VALUE", hint="for example -p rate=0.1")
        if name not in known:
            raise UsageError(f"no parameter is called `{name}`", hint=_known(name, known))
        values[name] = literal(text, known[name])
    return values


def chosen_parameters(payload: bytes, assignments: Iterable[str], *, path: str) -> dict[str, str]:
    """Return the literals that assignments give to the parameters of a notebook's bytes.

    Nothing is compiled, as what a notebook compiles to may depend on them. Where it
    cannot be read so far, there are none: to say so is the compilation's part.

    Raises:
        UsageError: an assignment does not fit the notebook.
    """
    parameters = _declared(payload, path)
    return {} if parameters is None else dict(parse_assignments(assignments, parameters))


def _declared(payload: bytes, path: str) -> tuple[Parameter, ...] | None:
    # Imported on demand, as a run that is in the memory of its workspace needs no compiler.
    from cellwright.compiler.reading.options_reader import read_options
    from cellwright.compiler.reading.parameters import declared
    from cellwright.compiler.reading.parse import parse_cells
    from cellwright.compiler.reading.reader import read
    from cellwright.compiler.reading.tags import read_roles
    from cellwright.diagnostics.diagnostic import Report

    unheard = Report()
    notebook = read(payload, path=path, report=unheard)
    if notebook is None:
        return None
    roles = read_roles(notebook, unheard, options=read_options(notebook, unheard))
    cells = parse_cells(notebook, roles, unheard)
    if unheard.has_errors:
        return None
    return tuple(
        Parameter(item.name, item.type_name, item.default, cells[item.cell].span(item.node))
        for item in declared(cells)
    )


def literal(text: str, parameter: Parameter) -> str:
    """Return the Python literal for a text, of the type of the parameter's default.

    Raises:
        UsageError: the text is not a value of that type.
    """
    try:
        value = _value(text, parameter.type_name)
        spelled = "1e999" if value == float("inf") else repr(value)
        if type(ast.literal_eval(spelled)) is not type(value):
            raise ValueError
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UsageError(
            f"parameter `{parameter.name}` is of type {parameter.type_name}: "
            f"`{text}` is not a value of it",
            hint=f"its default is {parameter.default}",
        ) from None
    return spelled


def _value(text: str, type_name: str) -> object:
    stripped = text.strip()
    match type_name:
        case "str":
            return text
        case "bool":
            return _boolean(stripped)
        case "int":
            return int(stripped, 0) if stripped.lstrip("+-").startswith("0") else int(stripped)
        case "float":
            return float(stripped)
        case "complex":
            return complex(stripped.replace(" ", ""))
        case "NoneType":
            return _anything(stripped)
        case _:
            return _container(stripped, type_name)


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _anything(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _container(text: str, type_name: str) -> object:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = json.loads(text)
    if type(value).__name__ != type_name:
        raise ValueError(text)
    return value


def _known(name: str, known: Mapping[str, Parameter]) -> str:
    if not known:
        return "the notebook has no cell tagged `parameters`"
    close = get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else "there is: " + ", ".join(sorted(known))
