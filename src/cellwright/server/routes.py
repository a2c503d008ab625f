"""Owns the routes: request → use case → JSON; and errors → status codes, in one place."""

import asyncio
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

import cellwright
from cellwright.app.compilation import compile_document
from cellwright.app.roles import cell_roles
from cellwright.base.errors import CellwrightError, MachineError, RefusedError, UsageError
from cellwright.server import wire

EXECUTOR = "cellwright_executor"
LIMIT = "cellwright_max_body_bytes"

_Shape = TypeVar("_Shape", bound=msgspec.Struct)
_DEFECT = "this is a defect of Cellwright; the server's log has the details"


class _Route(ExtensionHandlerMixin, APIHandler):
    """What all routes share: who may ask, how bodies are read and errors answered."""

    auth_resource = "cellwright"

    def body(self, shape: type[_Shape]) -> _Shape:
        """Return the request's JSON body.

        Raises:
            HTTPError: 413 too large, 415 not JSON by its header, 400 not of that shape.
        """
        limit: int = self.settings[LIMIT]
        if len(self.request.body) > limit:
            raise web.HTTPError(413, f"the request is larger than {limit} bytes")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise web.HTTPError(415, "the request must be application/json")
        try:
            return msgspec.json.decode(self.request.body, type=shape)
        except (msgspec.DecodeError, RecursionError) as error:
            raise web.HTTPError(400, str(error).replace("%", "%%")) from error

    async def answer(self, reply: msgspec.Struct) -> None:
        """Send a reply and end the request."""
        await self.finish(msgspec.json.encode(reply))

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ARG002  # tornado's
        """Answer any failure with its status and a message, never with a traceback."""
        error: BaseException | None = kwargs.get("exc_info", (None, None, None))[1]
        self.set_header("Content-Type", "application/json")
        if isinstance(error, CellwrightError):
            self.set_status(_status(error))
            self.finish(msgspec.json.encode(wire.Failure(str(error), error.hint)))
            return
        message = self._reason
        if isinstance(error, web.HTTPError):
            message = error.log_message or message
        elif error is not None:
            message = _DEFECT
        self.finish(msgspec.json.encode(wire.Failure(message)))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is our defect in full, what is the world's in a line."""
        if isinstance(value, CellwrightError):
            self.log.warning("cellwright: %s", value)
        else:
            super().log_exception(typ, value, tb)


def _status(error: CellwrightError) -> int:
    match error:
        case UsageError():
            return 400
        case RefusedError():
            return 422
        case MachineError():
            return 503
        case _:
            return 500


class _Health(_Route):
    """GET: the extension answers."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(wire.Health(version=cellwright.__version__))


class _Compile(_Route):
    """POST: what a notebook compiles to. Nothing is run or written; modules beside it are read."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        request = self.body(wire.CompileRequest)
        folder = _folder(self.settings.get("server_root_dir", ""), request.path)
        executor: Executor = self.settings[EXECUTOR]
        loop = asyncio.get_running_loop()
        # Away from the event loop, which kernels' sockets share with us.
        await self.answer(await loop.run_in_executor(executor, _compile, request, folder))


def _compile(request: wire.CompileRequest, folder: Path | None) -> wire.CompileReply:
    compilation = compile_document(bytes(request.content), path=request.path, folder=folder)
    notebook = compilation.notebook
    return wire.compile_reply(
        compilation.pipeline,
        roles=() if notebook is None else cell_roles(notebook),
        diagnostics=compilation.report,
    )


def _folder(root: str, path: str) -> Path | None:
    """Return the folder of a notebook; None where it is not inside the server's root."""
    if not root or "\0" in path:
        return None
    base = Path(root).expanduser().resolve()
    folder = (base / path.lstrip("/")).parent.resolve()
    return folder if folder.is_relative_to(base) else None


def routes() -> list[tuple[str, type[APIHandler]]]:
    """Return every route and its handler."""
    return [
        (r"/cellwright/api/health", _Health),
        (r"/cellwright/api/compile", _Compile),
    ]
