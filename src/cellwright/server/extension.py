"""Owns the extension's life in a Jupyter Server: settings, routes, the compiling thread."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Int

from cellwright.server.routes import EXECUTOR, LIMIT, routes


class CellwrightExtension(ExtensionApp):
    """Cellwright in a Jupyter Server."""

    name = "cellwright"
    extension_url = "/cellwright/api/health"
    load_other_extensions = True

    max_body_bytes = Int(
        32 * 1024 * 1024,
        min=1,
        help="The largest request that is read, in bytes; larger ones are answered with 413.",
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Put what the routes need into the web application's settings."""
        # One thread: compiling is Python that holds the interpreter lock, so more of them
        # would only keep the kernels' sockets waiting longer.
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cellwright")
        self.settings[EXECUTOR] = executor
        self.settings[LIMIT] = self.max_body_bytes

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(routes())

    async def stop_extension(self) -> None:
        """Let go of the thread; what has not begun is dropped."""
        executor: Any = self.settings[EXECUTOR]
        executor.shutdown(wait=False, cancel_futures=True)
