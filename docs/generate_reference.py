"""Writes what the reference can take from the code: the command line and the list of rules.

python docs/generate_reference.py
"""

# A script, not part of a package.
# ruff: noqa: INP001

from pathlib import Path

import click

from cellwright.cli.main import cli
from cellwright.diagnostics import catalogue

DOCS = Path(__file__).parent

_MADE = "<!-- made by docs/generate_reference.py; do not edit -->\n"
_WIDTH = 88
_SILENCING = """\
Errors stop a compilation. Warnings and hints are silenced where they stand by a comment
`# cellwright: allow[NAME]` on the line, or by the tag `allow:NAME` of the cell.
"""


def command_line() -> str:
    """Return the page of the command line: the help of every command."""
    parts = [
        "# Command line\n",
        _MADE,
        "Every command has `--help`. Results go to standard output, all else to standard error.\n",
        _help(cli, None, "cellwright"),
    ]
    context = click.Context(cli, info_name="cellwright")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is None:
            raise LookupError(name)
        parts += [f"## {name}\n", _help(command, context, name)]
    return "\n".join(parts)


def _help(command: click.Command, parent: click.Context | None, name: str) -> str:
    context = click.Context(
        command,
        parent=parent,
        info_name=name,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    return f"```text\n{command.get_help(context).rstrip()}\n```\n"


def rules() -> str:
    """Return the page of rules: code, name, severity and summary of each, with its page."""
    rows = [
        f"| [{rule.code}](../rules/{rule.code}.md) | `{rule.name}` | {rule.severity.value}"
        f" | {rule.summary} |"
        for rule in catalogue.all_rules()
    ]
    return "\n".join(
        [
            "# Rules\n",
            _MADE,
            _SILENCING,
            "| code | name | severity | finds that |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def decisions() -> str:
    """Return the index of decisions: the first line of each page, by number."""
    pages = sorted(path for path in (DOCS / "decisions").glob("[0-9]*.md"))
    rows = []
    for path in pages:
        title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        rows.append(f"- [{title}]({path.name})")
    return "\n".join(
        [
            "# Decisions\n",
            _MADE,
            "What was decided, why, and what would change our mind; one page each.\n",
            *rows,
            "",
        ]
    )


PAGES = {
    "decisions/index.md": decisions,
    "reference/cli.md": command_line,
    "reference/rules.md": rules,
}


if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
