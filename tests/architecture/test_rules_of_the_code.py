"""The rules of the code that no other tool holds: sizes, first lines, a reporter per rule."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import cellwright
from cellwright.diagnostics import catalogue
from cellwright.diagnostics.diagnostic import Rule

PACKAGE = Path(cellwright.__file__).parent
MODULE_LINES = 400
FUNCTION_LINES = 60
ENDINGS = frozenset(".!?:;…")
"""What the first sentence of a docstring ends with."""

Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def modules() -> dict[str, tuple[str, ast.Module]]:
    """Return the text and tree of every module, by its path in the package."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE).as_posix()
        if not path.startswith("labextension/"):
            text = file.read_text(encoding="utf-8")
            found[path] = (text, ast.parse(text))
    return found


def each_module() -> list:
    return [pytest.param(path, id=path) for path in modules()]


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public(body: list[ast.stmt]) -> Iterator[Named]:
    """Yield the public functions, classes and methods of a module."""
    for node in body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def is_overload(node: Named) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in node.decorator_list)


def first_paragraph(node: ast.Module | Named) -> str:
    return (ast.get_docstring(node) or "").split("\n\n")[0]


@pytest.mark.parametrize("path", each_module())
def test_a_module_is_short(path: str) -> None:
    text, _ = modules()[path]

    assert text.count("\n") <= MODULE_LINES


@pytest.mark.parametrize("path", each_module())
def test_a_function_is_short(path: str) -> None:
    _, tree = modules()[path]
    long = {
        node.name: lines
        for node in functions(tree)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }

    assert long == {}


@pytest.mark.parametrize("path", each_module())
def test_a_module_says_in_a_sentence_what_it_owns(path: str) -> None:
    text, tree = modules()[path]

    assert not text.strip() or first_paragraph(tree)[-1:] in ENDINGS - {""}


@pytest.mark.parametrize("path", each_module())
def test_what_is_public_says_in_a_sentence_what_it_gives(path: str) -> None:
    _, tree = modules()[path]
    silent = [
        f"{node.name} (line {node.lineno})"
        for node in public(tree.body)
        if not is_overload(node) and (first_paragraph(node)[-1:] or " ") not in ENDINGS
    ]

    assert silent == []


def rules() -> dict[str, Rule]:
    return {name: each for name, each in vars(catalogue).items() if isinstance(each, Rule)}


@cache
def names_in_use() -> frozenset[str]:
    """Return the names that any module but the catalogue mentions."""
    trees = (tree for path, (_, tree) in modules().items() if path != "diagnostics/catalogue.py")
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in nodes
        if isinstance(node, ast.Attribute | ast.Name)
    )


UNREPORTED = frozenset(
    {
        "LOSSY_EXPORT",
        "MISSING_OUTPUT",
        "NONDETERMINISTIC_OUTPUT",
        "PICKLED_OUTPUT",
        "STEP_FAILED",
        "UNSUPPORTED_BY_TARGET",
    }
)
"""Rules whose codes are taken, and which nothing reports yet: the list may only shrink."""


def test_a_rule_has_a_reporter() -> None:
    assert rules().keys() - names_in_use() == UNREPORTED
