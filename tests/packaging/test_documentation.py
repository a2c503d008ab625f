"""The pages of the documentation are there, lead somewhere, and are current."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").rglob("*.md")])

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")


def generator():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(path):
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [match[1] for match in _LINK.finditer(prose)]

    broken = [
        target for target in targets if "://" not in target and not (path.parent / target).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("page", sorted(generator().PAGES))
def test_what_is_made_from_the_code_is_current(page):
    made = generator().PAGES[page]()

    assert (DOCS / page).read_text(encoding="utf-8") == made, (
        "run: python docs/generate_reference.py"
    )


def test_every_page_of_the_menu_exists():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = re.findall(r"^\s+- (?:[^:\n]+): (\S+\.md)$", text, flags=re.MULTILINE)

    assert len(pages) >= 5
    assert [page for page in pages if not (DOCS / page).is_file()] == []
