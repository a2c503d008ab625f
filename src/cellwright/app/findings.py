"""Owns the use cases around diagnostics: their renderings, and the pages that explain them."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

import cellwright
from cellwright.base.errors import UsageError
from cellwright.diagnostics import render
from cellwright.diagnostics.catalogue import find_rule

if TYPE_CHECKING:
    from cellwright.app.compilation import Compiled


def rows(compiled: "Compiled") -> list[dict[str, object]]:
    """Return the diagnostics as JSON values, in notebook order."""
    return render.rows(compiled.report)


def text(compiled: "Compiled", *, colour: bool) -> str:
    """Return the diagnostics as a person reads them, with the lines of the notebook."""
    return render.text(
        compiled.report,
        path=compiled.path,
        notebook=compiled.notebook,
        palette=render.ANSI if colour else render.PLAIN,
    )


def rendered(compiled: "Compiled", form: str) -> str:
    """Return the diagnostics as `sarif` or as `github` annotations."""
    if form == "sarif":
        return render.sarif(compiled.report, path=compiled.path, version=cellwright.__version__)
    return render.github(compiled.report, path=compiled.path)


def rule_page(name: str) -> str:
    """Return the Markdown page of a rule, found by its code or its name.

    Raises:
        UsageError: there is no such rule.
    """
    rule = find_rule(name)
    for folder in _page_folders():
        page = folder / f"{rule.code}.md"
        if page.is_file():
            return _without_front_matter(page.read_text(encoding="utf-8"))
    raise UsageError(f"{rule.code} ({rule.name}): {rule.summary}", hint="its page is not installed")


def _page_folders() -> tuple[Traversable, ...]:
    """Return where pages are: in the wheel beside the code, in a checkout in `docs`."""
    package = files("cellwright")
    return package / "_rules", Path(str(package)).parents[1] / "docs" / "rules"


def _without_front_matter(page: str) -> str:
    if not page.startswith("---\n"):
        return page
    return page.partition("\n---\n")[2].lstrip("\n")
