"""Owns what notebook syntax for the shell means in a program: `!`, `%%bash`, `%env`, ….

Programs find the `Shell` as `__cellwright_shell__`. A command may come with a function
that yields its parts, values of expressions among them; if that fails, the text goes out
as it was typed, as in a kernel.
"""

import io
import os
import sys
from collections.abc import Callable
from typing import Any

Parts = Callable[[], list[Any]]

NAME = "__cellwright_shell__"


_MIMES = {
    "HTML": "text/html",
    "Markdown": "text/markdown",
    "Latex": "text/latex",
    "SVG": "image/svg+xml",
    "Javascript": "application/javascript",
}


class SList(list[str]):
    """The lines of a command's output: `.n` joined by newlines, `.s` by spaces, `.l` the
    list, `.p` the paths that exist."""

    @property
    def l(self) -> "SList":  # noqa: E743  # the notebook's name for it
        """Return the lines themselves."""
        return self

    @property
    def n(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self)

    @property
    def s(self) -> str:
        """Return the lines joined by spaces."""
        return " ".join(self)

    @property
    def p(self) -> list[Any]:
        """Return the lines that are paths of files or folders that exist."""
        from pathlib import Path

        return [Path(line) for line in self if os.path.exists(line)]

    list, nlstr, spstr, paths = l, n, s, p

    def grep(self, pattern: Any, prune: Any = False, field: int | None = None) -> "SList":  # noqa: FBT002
        """Return the lines that match a pattern, ignoring case, or make a function true."""
        import re

        def target(line: str) -> str:
            words = line.split()
            if field is None:
                return line
            return words[field] if -len(words) <= field < len(words) else ""

        if isinstance(pattern, str):
            matches: Any = re.compile(pattern, re.IGNORECASE).search
        else:
            matches = pattern
        return SList(line for line in self if bool(matches(target(line))) != prune)

    def fields(self, *fields: int) -> Any:
        """Return the words of each line; of some columns only, joined, where told which."""
        if not fields:
            return [line.split() for line in self]
        found = SList()
        for words in (line.split() for line in self):
            kept = [words[at] for at in fields if -len(words) <= at < len(words)]
            if kept:
                found.append(" ".join(kept))
        return found


class Captured:
    """What a cell printed and showed under `%%capture`, complete when the cell ends."""

    def __init__(self) -> None:
        self.stdout = ""
        self.stderr = ""
        self.outputs: list[Any] = []

    def show(self) -> None:
        """Print what was captured."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)

    __call__ = show

    def __str__(self) -> str:
        return self.stdout


class Shell:
    """Runs commands; their output goes where the cell prints."""

    def __init__(self, namespace: dict[str, Any], displays: Any) -> None:
        self._namespace = namespace
        self._displays = displays
        self._captures: list[Callable[[], None]] = []

    def system(self, command: str, parts: Parts | None = None) -> None:
        """Run `!command`: output as it comes; the exit code becomes `_exit_code`."""
        import subprocess

        command = _filled(command, parts)
        _refuse_background(command)
        with subprocess.Popen(  # noqa: S602  # it is what the user asked for
            command,
            shell=True,
            executable=os.environ.get("SHELL"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            _pass_on({process.stdout: sys.stdout})
        code = process.returncode
        self._namespace["_exit_code"] = 128 - code if code > 128 else code

    def getoutput(self, command: str, parts: Parts | None = None) -> SList:
        """Return the lines that `!command` prints, errors among them."""
        import subprocess

        command = _filled(command, parts)
        _refuse_background(command)
        done = subprocess.run(  # noqa: S602  # it is what the user asked for
            command,
            shell=True,
            executable=os.environ.get("SHELL"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return SList(done.stdout.decode("utf-8", "replace").splitlines())

    def bash(self, text: str, *, program: str = "bash", check: bool = True) -> None:
        """Run a text with a program, as `%%bash` and `%%script` do.

        Raises:
            subprocess.CalledProcessError: it ended with an error, and `check` is set.
        """
        import shlex
        import subprocess
        import threading

        with subprocess.Popen(
            shlex.split(program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            feeding = threading.Thread(target=_feed, args=(process.stdin, text), daemon=True)
            feeding.start()
            _pass_on({process.stdout: sys.stdout, process.stderr: sys.stderr})
        if check and process.returncode:
            raise subprocess.CalledProcessError(process.returncode, text)

    def writefile(self, path: str, text: str, *, append: bool = False) -> None:
        """Write a text to a file, as `%%writefile` does."""
        path = os.path.expanduser(path)
        if append:
            sys.stdout.write(f"Appending to {path}\n")
        else:
            sys.stdout.write(f"{'Overwriting' if os.path.exists(path) else 'Writing'} {path}\n")
        with open(path, "a" if append else "w", encoding="utf-8") as handle:
            handle.write(text)

    def show(self, form: str, text: str) -> None:
        """Do what `%%html`, `%%markdown` and the like do; `form` is their class in IPython."""
        if form == "SVG":
            from xml.dom import minidom

            found = minidom.parseString(text).getElementsByTagName("svg")  # noqa: S318  # the notebook's own text
            text = found[0].toxml() if found else text
        plain = f"<IPython.core.display.{form} object>"
        self._displays.publish({_MIMES[form]: text, "text/plain": plain})

    def setenv(self, name: str, value: str, parts: Parts | None = None) -> None:
        """Set an environment variable, as `%env NAME=VALUE` does."""
        value = _filled(value, parts)
        os.environ[name] = value
        sys.stdout.write(f"env: {name}={value}\n")

    def capture(
        self, *, stdout: bool = True, stderr: bool = True, display: bool = True
    ) -> Captured:
        """Take what the rest of the cell prints and shows, as `%%capture` does."""
        captured = Captured()
        before = sys.stdout, sys.stderr
        out, err = io.StringIO(), io.StringIO()
        if stdout:
            sys.stdout = out
        if stderr:
            sys.stderr = err
        outputs = self._displays.divert() if display else None

        def end() -> None:
            sys.stdout, sys.stderr = before
            captured.stdout, captured.stderr = out.getvalue(), err.getvalue()
            if outputs is not None:
                captured.outputs = self._displays.resume(outputs)

        self._captures.append(end)
        return captured

    def end_of_cell(self) -> None:
        """Complete what was captured."""
        while self._captures:
            self._captures.pop()()


class ZMQInteractiveShell:
    """What `get_ipython()` returns: enough for code that asks where it runs."""

    def __init__(self, shell: Shell, namespace: dict[str, Any]) -> None:
        self.user_ns = namespace
        self.system = shell.system
        self.getoutput = shell.getoutput
        self.config: dict[str, Any] = {"IPKernelApp": {}}
        self.kernel = _Kernel()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a step of a pipeline has no IPython shell with `{name}`")

    def run_line_magic(self, name: str, line: str, *_: Any) -> None:
        """Do nothing for magics that only concern the notebook's view; refuse the others."""
        if name not in ("matplotlib", "load_ext", "reload_ext", "autoreload", "config"):
            raise AttributeError(f"a step of a pipeline has no magic `%{name} {line}`")


class _Kernel:
    """What tells, by being there, that this is no terminal: pandas asks for it."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a step of a pipeline has no kernel with `{name}`")


def _filled(command: str, parts: Parts | None) -> str:
    if parts is None:
        return command
    try:
        return "".join(part if isinstance(part, str) else format(part) for part in parts())
    except Exception:  # noqa: BLE001  # a kernel, too, sends out the text as it was typed
        return command


def _refuse_background(command: str) -> None:
    if command.rstrip().endswith("&"):
        raise OSError("Background processes not supported.")


def _feed(stream: Any, text: str) -> None:
    try:
        stream.write(text.encode())
        stream.close()
    except OSError:
        return  # it did not want to read all of it


def _pass_on(streams: dict[Any, Any]) -> None:
    """Copy what commands print to the cell's streams until they are done."""
    import codecs
    import selectors

    with selectors.DefaultSelector() as selector:
        for source, target in streams.items():
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            selector.register(source, selectors.EVENT_READ, (target, decoder))
        while selector.get_map():
            for key, _ in selector.select():
                target, decoder = key.data
                chunk = os.read(key.fd, 65536)
                target.write(decoder.decode(chunk, final=not chunk))
                target.flush()
                if not chunk:
                    selector.unregister(key.fileobj)
