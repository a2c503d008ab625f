"""Owns running statements in the step's `__main__`, one after the other, as a kernel does."""

import sys
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from types import CodeType
from typing import Any, TypeVar

from .display import Displays
from .manifest import CellSpec
from .place import Place
from .program import Program, Statement, awaits
from .shell import NAME, Shell, ZMQInteractiveShell

T = TypeVar("T")

_COROUTINE = 0x80 | 0x100 | 0x200
"""Flags of code that has to be awaited: coroutine, iterable coroutine, async generator."""


class Cells:
    """The program, the namespace it runs in, and what is shown on the way.

    One event loop serves all cells, made when asyncio is first imported: tasks that a
    cell starts live on in the next. One context serves them, too: what a cell sets in it
    (numpy keeps there what it does on errors, and how it prints) holds in the next, loop
    or no loop. As in a kernel, a cell that awaits has a copy: what it sets ends with it.
    """

    def __init__(
        self, program: Program, namespace: dict[str, Any], displays: Displays, place: Place
    ) -> None:
        self._program = program
        self._namespace = namespace
        self._displays = displays
        self._place = place
        self._shell = Shell(namespace, displays)
        self._loop: Any = None
        self._context = copy_context()

    def inside(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, done in the context of the cells."""
        return self._context.run(work)

    def install(self) -> None:
        """Put what a kernel offers where the cells find it, outside of their namespace."""
        import builtins

        kernel = ZMQInteractiveShell(self._shell, self._namespace)
        setattr(builtins, NAME, self._shell)
        builtins.get_ipython = lambda: kernel  # type: ignore[attr-defined]
        self._displays.install()

    def define(self) -> None:
        """Run the first phase. Raises whatever the code raises."""
        self._displays.cell = 0
        for statement in self._program.definitions():
            self._place.write(self._program.files.get(statement.file, 0), statement.line)
            self._run(statement, self._context)

    def define_own(self) -> None:
        """Run the definitions within the cells: a step that reads their values has them, too."""
        for statement in self._program.own_definitions():
            self._run(statement, self._context)

    def run(self, cell: CellSpec, after: Callable[[int, Statement], None] | None = None) -> None:
        """Run one cell, and `after` each of its statements. Raises whatever they raise."""
        self._displays.cell = cell.number
        self._place.write(cell.number)
        try:
            statements = list(self._program.cell(cell))
            awaited = any(awaits(statement.tree) for statement in statements)
            context = self._context.copy() if awaited else self._context
            for statement in statements:
                self._place.write(cell.number, statement.line)
                value = self._run(statement, context)
                if statement.shown:
                    context.run(sys.displayhook, value)
                if after is not None:
                    after(cell.number, statement)
            context.run(self._displays.end_of_cell)
        finally:
            self._shell.end_of_cell()

    def _run(self, statement: Statement, context: Context) -> Any:
        code = self._program.compile(statement)
        if code.co_flags & _COROUTINE or "asyncio" in sys.modules:
            return self._in_loop(lambda: eval(code, self._namespace), code, context)  # noqa: S307  # the notebook
        return context.run(eval, code, self._namespace)

    def _in_loop(self, start: Callable[[], Any], code: CodeType, context: Context) -> Any:
        """Run code where a loop runs: a kernel's cells can start tasks without awaiting."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def cell() -> tuple[Any, BaseException | None]:
            # An exception is carried out by hand: no frame of asyncio gets into it.
            try:
                value = start()
                if code.co_flags & _COROUTINE and isinstance(value, Coroutine):
                    value = await value
                await asyncio.sleep(0)
            except BaseException as error:  # noqa: BLE001
                return None, error
            return value, None

        task = self._loop.create_task(cell(), context=context)
        value, error = self._loop.run_until_complete(task)
        if error is not None:
            raise error
        return value
