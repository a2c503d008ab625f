"""Owns the meaning of each magic and of each shell line: which Python it becomes."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cellwright.compiler.reading import interpolation
from cellwright.compiler.reading.installs import Installation, read_command, read_script
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Rule

SHELL = "__cellwright_shell__"
"""The name under which programs find the shell of the runtime."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding whose place is the magic itself."""

    rule: Rule
    message: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a piece of notebook syntax becomes; no code: nothing is left of it.

    `statement` tells that the code is the user's own, to be looked at again.
    """

    code: str = ""
    remarks: tuple[Remark, ...] = ()
    requirements: tuple[str, ...] = ()
    statement: bool = False


@dataclass(frozen=True, slots=True)
class CellReading:
    """What a cell magic becomes: Python for its first line, and for its body.

    `body` is None where the body stays as it is, to be read on as Python.
    """

    first: Reading
    body: tuple[str, ...] | None = None


_SILENT = frozenset(
    {"matplotlib", "autoreload", "config", "pprint", "colors", "xmode", "pdb", "gui", "autosave"}
    | {"automagic", "autocall", "autoindent", "doctest_mode", "clear", "cls"}
)
_TELLING = frozenset(
    {"timeit", "who", "whos", "who_ls", "history", "hist", "lsmagic", "magic", "quickref", "tb"}
    | {"psource", "pdoc", "pdef", "pfile", "pycat", "page", "dhist"}
    | {"notebook", "man", "less", "more", "logstate"}
)
_WORKING = frozenset({"time", "prun", "aimport", "env", "set_env", "cd", "pwd", "sx", "system"})
_HELP = frozenset({"pinfo", "pinfo2", "psearch"})
_EXTENSIONS = frozenset({"load_ext", "reload_ext", "unload_ext"})
_INSTALLERS = frozenset({"pip", "uv", "conda", "mamba", "micromamba"})
_SHOWN_CELLS = {
    "html": "HTML",
    "HTML": "HTML",
    "markdown": "Markdown",
    "latex": "Latex",
    "svg": "SVG",
    "SVG": "SVG",
    "javascript": "Javascript",
    "js": "Javascript",
}
"""Cell magics that show their text, and the class of IPython that they show it by."""
_ALIASES: Mapping[str, str] = {
    **{name: name for name in ("mkdir", "rmdir", "rm", "cp", "mv", "cat", "ls")},
    "ll": "ls -l",
    "lf": "ls -l",
    "lk": "ls -l",
    "lx": "ls -l",
    "ldir": "ls -l",
}
_SCRIPTS = frozenset(
    {"bash", "sh", "script", "python", "python2", "python3", "perl", "ruby", "pypy"}
)
_INSTEAD: Mapping[str, str] = {
    "run": "import what the file defines: `from module import name`",
    "reset": "leave the line out: a pipeline starts from nothing",
    "reset_selective": "write `del name`",
    "xdel": "write `del name`",
    "store": "assign the value in a cell, or read it from a file",
    "macro": "write the lines as a function",
    "rerun": "write the lines as a function",
    "recall": "write the lines as a function",
    "load": "paste the text of the file into the cell",
    "pylab": "import numpy and matplotlib by their names",
    "precision": "call `numpy.set_printoptions(precision=…)`",
    "cython": "put the code into a package and install it",
}
_PRUN_OPTION = re.compile(r"^-(q\s+|[sl]\s*\S+\s+)")


def line_magic(name: str, args: str) -> Reading:
    """Return what `%name args` becomes."""
    if name in _SILENT:
        return Reading()
    if name in _HELP:
        return Reading(remarks=(_dropped(f"{args}?"),))
    if name in _TELLING or (name == "debug" and not args.strip()):
        return Reading(remarks=(_dropped(f"%{name}"),))
    if name in _INSTALLERS:
        return _installing(f"%{name}", f"{name} {args}") or unknown(f"%{name}")
    if name in _EXTENSIONS:
        known = args.strip() in ("autoreload", "")
        return Reading(remarks=() if known else (_dropped(f"%{name} {args.strip()}"),))
    if name in _ALIASES:
        command = f"{_ALIASES[name]} {args}".rstrip()
        return Reading(_call("system", interpolation.arguments(command)))
    return _working_magic(name, args)


def _working_magic(name: str, args: str) -> Reading:
    match name:
        case "time":
            return _timed(args)
        case "prun":
            return _profiled(args)
        case "aimport":
            wanted = args.partition("#")[0].replace("-", " -").split(",")
            modules = [m.strip() for m in wanted if m.strip() and not m.strip().startswith("-")]
            return Reading(f"import {', '.join(modules)}" if modules else "")
        case "env" | "set_env":
            return _environment(name, args)
        case "cd":
            return _folder(args)
        case "pwd":
            return Reading("__import__('os').getcwd()")
        case "sx" | "system":
            return Reading(_call("getoutput", interpolation.arguments(args)))
        case _:
            return unknown(f"%{name}")


def shell_line(command: str) -> Reading:
    """Return what `!command` becomes."""
    installing = _installing("!", command)
    if installing is not None:
        return installing
    if command.rstrip().endswith("&") and not command.rstrip().endswith("&&"):
        return _refused("a command in the background", "wait for it: leave out the `&`")
    return Reading(_call("system", interpolation.arguments(command)))


def captured_line(command: str) -> Reading:
    """Return what `!command` becomes where its output is wanted (`x = !command`, `!!command`)."""
    found = read_command(command)
    requirements = found.requirements if found is not None else ()
    return Reading(_call("getoutput", interpolation.arguments(command)), requirements=requirements)


def cell_magic(name: str, args: str, body: Sequence[str]) -> CellReading:
    """Return what `%%name args` and the lines below it become; lines end in a newline."""
    empty = ("",) * len(body)
    if name in _SHOWN_CELLS and not args.strip():
        return _with_text(_open_call("show", f"{_SHOWN_CELLS[name]!r}, "), body, ")")
    if name in _SHOWN_CELLS or name == "timeit":
        return CellReading(Reading(remarks=(_dropped(f"%%{name}"),)), empty)
    if name in _SCRIPTS:
        return _script(name, args, body)
    match name:
        case "time" | "prun" if not _PRUN_OPTION.sub("", f"{args.strip()} ").strip():
            return CellReading(Reading())
        case "capture":
            return _capture(args, body)
        case "writefile" | "file":
            return _writefile(name, args, body)
        case "sx" | "system" | "!" if not interpolation.has_fields("".join(body)):
            return _with_text(_open_call("getoutput"), body, ")")
        case _:
            return CellReading(unknown(f"%%{name}"), empty)


def is_known(name: str) -> bool:
    """Tell whether a name is that of a line magic, which may stand alone without its `%`."""
    families = (_SILENT, _TELLING, _HELP, _EXTENSIONS, _INSTALLERS, _ALIASES, _INSTEAD, _WORKING)
    return any(name in family for family in families)


def unknown(spelled: str) -> Reading:
    """Return the reading of a magic that has no meaning in a program."""
    instead = _INSTEAD.get(spelled.lstrip("%"))
    return _refused(f"`{spelled[:60]}`", instead or "say it in Python")


def _refused(what: str, instead: str) -> Reading:
    remark = Remark(
        rules.UNTRANSLATABLE_MAGIC, f"{what} has no meaning outside the notebook", (instead,)
    )
    return Reading(remarks=(remark,))


def _dropped(spelled: str) -> Remark:
    return Remark(rules.DROPPED_MAGIC, f"`{spelled[:60]}` is left out of the pipeline")


def _call(method: str, arguments: str) -> str:
    return f"{SHELL}.{method}({arguments})"


def _open_call(method: str, first: str = "") -> str:
    return f"{SHELL}.{method}({first}"


def _timed(args: str) -> Reading:
    if args.startswith("--"):
        return unknown("%time --…")
    return Reading(args.strip(), statement=True)


def _profiled(args: str) -> Reading:
    statement = f"{args.strip()} "
    while _PRUN_OPTION.match(statement):
        statement = _PRUN_OPTION.sub("", statement, count=1)
    if statement.startswith("-"):
        return unknown("%prun -…")
    return Reading(statement.strip(), statement=True)


def _installing(spelled: str, command: str) -> Reading | None:
    found = read_command(command)
    if found is None:
        return None
    remarks = _install_remarks(spelled, found)
    code = "" if found.alone else _call("system", interpolation.arguments(command))
    return Reading(code, remarks, found.requirements)


def _install_remarks(spelled: str, found: Installation) -> tuple[Remark, ...]:
    if not found.asks:
        return (_dropped(f"{spelled} …"),)
    return tuple(
        Remark(
            rules.UNUSABLE_INSTALL,
            f"an install line is not taken over as it stands: {trouble}",
            ("the options `requirements` and `system_packages` say what else is needed",),
        )
        for trouble in dict.fromkeys(found.troubles)
    )


def _environment(name: str, args: str) -> Reading:
    args = args.strip()
    variable, separator, value = args.partition("=" if "=" in args else " ")
    variable, value = variable.strip(), value.strip()
    if separator and variable and not re.search(r"\s", variable):
        return Reading(_call("setenv", f"{variable!r}, {interpolation.arguments(value)}"))
    if name == "env" and variable and not separator:
        return Reading(f"__import__('os').environ[{variable!r}]")
    return Reading(remarks=(_dropped(f"%{name}"),)) if not args else unknown(f"%{name}")


def _folder(args: str) -> Reading:
    folder = args.strip().removeprefix("-q").strip()
    if folder.startswith("-"):
        return _refused("`%cd -`", "name the folder")
    if len(folder) > 1 and folder[0] == folder[-1] and folder[0] in "\"'":
        folder = folder[1:-1]
    where = interpolation.expression(folder or "~")
    if folder.startswith("~") or not folder:
        where = f"__import__('os').path.expanduser({where})"
    return Reading(f"__import__('os').chdir({where})")


def _script(name: str, args: str, body: Sequence[str]) -> CellReading:
    words = args.split()
    options = [word for word in words if word.startswith("--")]
    program = " ".join(word for word in words if not word.startswith("--"))
    if name != "script":
        program = f"{name} {program}".rstrip()
    known = set(options) <= {"--no-raise-error", "--raise-error"}
    if not known or not program or interpolation.has_fields(program):
        reading = _refused(f"`%%{name} {args}`"[:60], "give the program and its arguments alone")
        return CellReading(reading, ("",) * len(body))
    installing = read_script(body) if name in ("bash", "sh") else None
    remarks = _install_remarks(f"%%{name}", installing) if installing is not None else ()
    requirements = installing.requirements if installing is not None else ()
    if installing is not None and installing.alone:
        return CellReading(Reading("", remarks, requirements), ("",) * len(body))
    end = "" if program == "bash" else f", program={program!r}"
    end += ", check=False)" if "--no-raise-error" in options else ")"
    return _with_text(_open_call("bash"), body, end, remarks, requirements)


def _with_text(
    first: str,
    body: Sequence[str],
    end: str,
    remarks: tuple[Remark, ...] = (),
    requirements: tuple[str, ...] = (),
) -> CellReading:
    """Return a call with the body as its text: one literal a line, so that lines stay lines."""
    if not body:
        return CellReading(Reading(f"{first}''{end}", remarks, requirements), ())
    lines = [f"    {line!r}" for line in body]
    lines[-1] += end
    return CellReading(Reading(first.rstrip(), remarks, requirements), tuple(lines))


def _writefile(name: str, args: str, body: Sequence[str]) -> CellReading:
    try:
        words = shlex.split(args, posix=False)
    except ValueError:
        words = []
    names = [word for word in words if word not in ("-a", "--append")]
    if len(names) != 1 or names[0].startswith("-"):
        reading = _refused(f"`%%{name} {args}`"[:60], "name one file")
        return CellReading(reading, ("",) * len(body))
    file = names[0]
    if len(file) > 1 and file[0] == file[-1] and file[0] in "\"'":
        file = file[1:-1]
    end = ", append=True)" if len(words) > 1 else ")"
    return _with_text(_open_call("writefile", f"{interpolation.expression(file)}, "), body, end)


def _capture(args: str, body: Sequence[str]) -> CellReading:
    words = args.split()
    output = [word for word in words if not word.startswith("-")]
    options = [word for word in words if word.startswith("-")]
    known = {"--no-stderr": "stderr", "--no-stdout": "stdout", "--no-display": "display"}
    # The name is bound when the cell ends; a body that uses it itself would see it early.
    early = output and re.search(rf"\b{re.escape(output[0])}\b", "".join(body))
    if (
        len(output) > 1
        or not set(options) <= set(known)
        or not all(word.isidentifier() for word in output)
        or early
    ):
        reading = _refused(f"`%%capture {args}`"[:60], "give one name that the cell does not use")
        return CellReading(reading, ("",) * len(body))
    call = _call("capture", ", ".join(f"{known[option]}=False" for option in options))
    return CellReading(Reading(f"{output[0]} = {call}" if output else call))
