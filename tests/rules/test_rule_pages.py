import re
from pathlib import Path

import pytest

from cellwright.compiler.driver import compile_notebook
from cellwright.diagnostics.catalogue import all_rules, find_rule
from cellwright.diagnostics.diagnostic import Report, Severity
from support.notebooks import MarkdownNotebook, ipynb, markdown_notebooks

PAGES = Path(__file__).resolve().parents[2] / "docs" / "rules"
PARTS = ["What it does", "Why it matters", "Example", "Instead", "When to allow it"]
LINE = re.compile(
    r"^\*\*(\w+)\*\* · found when a notebook is (compiled|prepared|run|exported)$", re.MULTILINE
)


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def found_when(code: str) -> str:
    line = LINE.search(page(code))
    assert line is not None
    return line[2]


CODES = [rule.code for rule in all_rules()]
COMPILED = [
    code for code in CODES if (PAGES / f"{code}.md").is_file() and found_when(code) == "compiled"
]


def part(code: str, title: str) -> MarkdownNotebook:
    (found,) = [each for each in markdown_notebooks(page(code)) if each.title == title]
    return found


def report_on(notebook: MarkdownNotebook) -> Report:
    if notebook.others:
        ((_, text),) = notebook.others
        return compile_notebook(text.encode(), path="page.ipynb").report
    return compile_notebook(ipynb(notebook.cells), path="page.ipynb").report


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_shape_of_all_pages(code: str) -> None:
    rule = find_rule(code)
    text = page(code)

    assert text.startswith(f"# {code}: {rule.name}\n")
    line = LINE.search(text)
    assert line is not None
    assert line[1] == rule.severity.value
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])
    cannot = "errors cannot be allowed" in text
    assert cannot == (rule.severity is Severity.ERROR)
    assert part(code, "Example").cells or part(code, "Example").others
    assert part(code, "Instead").cells or part(code, "Instead").others


@pytest.mark.parametrize("code", COMPILED)
def test_the_example_of_a_page_is_found_and_what_to_write_instead_is_not(code: str) -> None:
    example = report_on(part(code, "Example"))
    instead = report_on(part(code, "Instead"))

    assert code in [found.rule.code for found in example]
    assert code not in [found.rule.code for found in instead]
    assert [found.message for found in instead if found.rule.severity is Severity.ERROR] == []
