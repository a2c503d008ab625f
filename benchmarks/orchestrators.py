"""Times the same two pipelines of no-op steps on Cellwright and on its neighbours.

    python benchmarks/orchestrators.py [--repeat 5] [--only cellwright,dvc] [--executor process]

A diamond of 4 steps and a chain of 20, each step a fresh interpreter that adds one to a
number; the first run in an empty project, and the run after it with nothing changed.
All in one session, one after the other in turn, whole processes timed from outside; the
table gives medians. Each neighbour is installed in a virtual environment of its own
under `--cache` (default `build/benchmarks`); one that does not install is left out and
said so.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uv

Graph = dict[str, tuple[str, ...]]
DIAMOND: Graph = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
CHAIN: Graph = {f"s{i:02}": (f"s{i - 1:02}",) if i else () for i in range(20)}
SHAPES = {"4-step diamond": DIAMOND, "20-step chain": CHAIN}


@dataclass(eq=False)
class Tool:
    """How one orchestrator is installed, given a project, and called."""

    name: str
    packages: tuple[str, ...]
    lay_out: Callable[[Path, Graph], None]
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    caches: bool = True


def script(step: str, needs: tuple[str, ...]) -> str:
    """Return the program of a step for tools that pass files."""
    return textwrap.dedent(f"""\
        from pathlib import Path
        total = sum(int(Path(f"{{name}}.txt").read_text()) for name in {list(needs)!r})
        Path("{step}.txt").write_text(str(total + 1))
        """)


def notebook(path: Path, graph: Graph) -> None:
    """Write the graph as a tagged notebook."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{name}",
            "execution_count": None,
            "metadata": {"tags": [f"step:{name}"]},
            "outputs": [],
            "source": f"{name} = {' + '.join((*needs, '1'))}",
        }
        for name, needs in graph.items()
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document))


def cellwright_project(folder: Path, graph: Graph) -> None:
    notebook(folder / "work.ipynb", graph)


def dvc_project(folder: Path, graph: Graph) -> None:
    lines = ["stages:"]
    for name, needs in graph.items():
        (folder / f"{name}.py").write_text(script(name, needs))
        lines += [f"  {name}:", f"    cmd: python {name}.py", "    deps:"]
        lines += [f"      - {item}" for item in (f"{name}.py", *(f"{need}.txt" for need in needs))]
        lines += ["    outs:", f"      - {name}.txt"]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = True\n    analytics = false\n")


def snakemake_project(folder: Path, graph: Graph) -> None:
    last = list(graph)[-1]
    rules = [f'rule all:\n    input: "{last}.txt"\n']
    for name, needs in graph.items():
        (folder / f"{name}.py").write_text(script(name, needs))
        given = ", ".join(f'"{need}.txt"' for need in needs)
        rules.append(
            f"rule {name}:\n"
            + (f"    input: {given}\n" if given else "")
            + f'    output: "{name}.txt"\n    shell: "python {name}.py"\n'
        )
    (folder / "Snakefile").write_text("\n".join(rules))


def papermill_project(folder: Path, graph: Graph) -> None:
    notebook(folder / "work.ipynb", graph)


def metaflow_project(folder: Path, graph: Graph) -> None:
    followers = {name: [other for other, needs in graph.items() if name in needs] for name in graph}
    lines = ["from metaflow import FlowSpec, step", "", "class Work(FlowSpec):"]
    first = next(iter(graph))
    for name, needs in graph.items():
        title = "start" if name == first else name
        joins = len(needs) > 1
        lines += ["    @step", f"    def {title}(self{', inputs' if joins else ''}):"]
        total = "sum(i.total for i in inputs)" if joins else "getattr(self, 'total', 0)"
        lines.append(f"        self.total = {total} + 1")
        after = followers[name] or ["end"]  # its last step may not be a join
        lines += [f"        self.next({', '.join('self.' + other for other in after)})", ""]
    lines += ["    @step", "    def end(self):", "        pass", ""]
    lines += ["if __name__ == '__main__':", "    Work()"]
    (folder / "work.py").write_text("\n".join(lines) + "\n")


def luigi_project(folder: Path, graph: Graph) -> None:
    lines = ["import subprocess, sys, luigi", ""]
    for name, needs in graph.items():
        (folder / f"{name}.py").write_text(script(name, needs))
        lines += [
            f"class {name.title()}(luigi.Task):",
            f"    def requires(self): return [{', '.join(need.title() + '()' for need in needs)}]",
            f"    def output(self): return luigi.LocalTarget('{name}.txt')",
            f"    def run(self): subprocess.run([sys.executable, '{name}.py'], check=True)",
            "",
        ]
    last = list(graph)[-1]
    lines.append(
        f"luigi.build([{last.title()}()], local_scheduler=True, workers=2, log_level='ERROR')"
    )
    (folder / "work.py").write_text("\n".join(lines) + "\n")


TOOLS = (
    Tool("cellwright", (), cellwright_project, ("cellwright", "run", "work.ipynb")),
    Tool("DVC", ("dvc",), dvc_project, ("dvc", "repro", "-q"), {"DVC_NO_ANALYTICS": "1"}),
    Tool(
        "Snakemake", ("snakemake",), snakemake_project, ("snakemake", "--cores", "2", "-q", "all")
    ),
    Tool("Luigi", ("luigi",), luigi_project, ("python", "work.py")),
    Tool(
        "Metaflow",
        ("metaflow",),
        metaflow_project,
        ("python", "work.py", "--quiet", "run"),
        {"METAFLOW_USER": "bench", "USERNAME": "bench"},
        caches=False,
    ),
    Tool(
        "papermill (whole notebook)",
        ("papermill", "ipykernel"),
        papermill_project,
        ("papermill", "-k", "python3", "--no-progress-bar", "work.ipynb", "out.ipynb"),
        caches=False,
    ),
)


def install(tool: Tool, cache: Path) -> Path | None:
    """Return the folder of the tool's programs, or None where it does not install."""
    if not tool.packages:
        return Path(sys.executable).parent
    home = cache / "venvs" / "-".join(tool.packages)
    if not (home / "ready").exists():
        finder = uv.find_uv_bin()
        made = subprocess.run(
            [finder, "venv", "-q", "--clear", "--python", sys.executable, home], check=False
        )
        target = ("--python", str(home / "bin" / "python"), "--compile-bytecode")
        got = subprocess.run([finder, "pip", "install", "-q", *target, *tool.packages], check=False)
        if made.returncode or got.returncode:
            return None
        (home / "ready").touch()
    return home / "bin"


def timed(tool: Tool, programs: Path, folder: Path, extra: tuple[str, ...]) -> float:
    """Return the wall seconds of one call; its words are shown only when it fails."""
    environment = {
        **os.environ,
        **tool.environment,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(programs.parent),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(programs / tool.command[0]), *tool.command[1:], *extra]
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{tool.name} failed:\n{done.stdout}\n{done.stderr}")
    return took


def measure(
    options: argparse.Namespace, tools: dict[Tool, Path]
) -> dict[str, dict[str, list[float]]]:
    """Return seconds by tool and column; the tools take turns, so that drift is shared."""
    found: dict[str, dict[str, list[float]]] = {tool.name: {} for tool in tools}
    for turn in range(options.repeat + 1):
        for shape, graph in SHAPES.items():
            for tool, programs in tools.items():
                folder = options.cache / "projects" / tool.name.split()[0] / str(len(graph))
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                tool.lay_out(folder, graph)
                extra = ("--executor", options.executor) if tool.name == "cellwright" else ()
                first = timed(tool, programs, folder, extra)
                again = timed(tool, programs, folder, extra)
                if turn:  # the first turn warms caches
                    found[tool.name].setdefault(f"{shape}, first", []).append(first)
                    found[tool.name].setdefault(f"{shape}, unchanged", []).append(again)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """Return the medians as a Markdown table, with the ratio to Cellwright's."""
    columns = list(next(iter(found.values())))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    own = (
        {column: statistics.median(found["cellwright"][column]) for column in columns}
        if ("cellwright" in found)
        else {}
    )
    for name, row in found.items():
        cells = []
        for column in columns:
            median = statistics.median(row[column])
            ratio = f" ({median / own[column]:.1f}x)" if own and name != "cellwright" else ""
            cells.append(f"{median:.2f} s{ratio}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--executor", default="process")
    parser.add_argument("--cache", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--json", type=Path, help="also write every time to this file")
    options = parser.parse_args()
    options.cache = options.cache.resolve()
    wanted = {name.strip().lower() for name in options.only.split(",") if name.strip()}
    tools: dict[Tool, Path] = {}
    for tool in TOOLS:
        if wanted and tool.name.split()[0].lower() not in wanted:
            continue
        programs = install(tool, options.cache)
        if programs is None:
            print(f"{tool.name} does not install here and is left out", file=sys.stderr)
        else:
            tools[tool] = programs
    found = measure(options, tools)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))
    print(f"medians of {options.repeat}, executor {options.executor}\n")
    print(table(found))


if __name__ == "__main__":
    main()
