"""Owns the chapter "What Cellwright understands": the pages of the specification in
`tests/spec`, published as they are.

A hook of MkDocs; nothing is copied into the repository.
"""

# A hook, not part of a package.
# ruff: noqa: INP001

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

SPEC = Path(__file__).parents[1] / "tests" / "spec"
CHAPTER = "understands"
SECTIONS = {
    "names": "Names",
    "code": "Functions and classes",
    "objects": "Objects",
    "process": "State of the process",
    "files": "Files",
    "notebook": "Cells and tags",
    "limits": "What is refused",
}

_FENCE = re.compile(r"^(```+)(\w+)[ \t]+([^\n]+)$", re.MULTILINE)
_RULE = re.compile(r"`([A-Z]{2,4}\d{3})`")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the chapter into the menu, before the reference."""
    entries: list[object] = [f"{CHAPTER}/index.md"]
    for folder, title in SECTIONS.items():
        pages = sorted((SPEC / folder).glob("*.md"))
        entries.append({title: [f"{CHAPTER}/{folder}/{page.name}" for page in pages]})
    menu = config.nav or []
    titles = [next(iter(entry)) for entry in menu]
    menu.insert(titles.index("Reference"), {"What it understands": entries})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, as they stand in the tests."""
    for page in sorted(SPEC.rglob("*.md")):
        uri = f"{CHAPTER}/{page.relative_to(SPEC).as_posix()}"
        files.append(File.generated(config, uri, content=page.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Set the tags of a cell above its code, and link each rule that is named."""
    uri = page.file.src_uri
    if not uri.startswith((f"{CHAPTER}/", "rules/")):
        return markdown
    titled = _FENCE.sub(_with_title, markdown)
    up = "../" * uri.count("/")
    return _RULE.sub(rf"[`\1`]({up}rules/\1.md)", titled) if CHAPTER in uri else titled


def _with_title(fence: re.Match[str]) -> str:
    title = fence[3].replace('"', "&quot;").replace("\\", "")
    return f'{fence[1]}{fence[2]} title="{title}"'
