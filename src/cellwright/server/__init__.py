"""The Jupyter Server extension: the use cases over HTTP, for the JupyterLab extension."""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    # Imported on demand: `cellwright.server.wire` must not need a Jupyter Server.
    from cellwright.server.extension import CellwrightExtension

    return [{"module": "cellwright.server", "app": CellwrightExtension}]
