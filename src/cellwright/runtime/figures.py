"""Owns figures of matplotlib: a backend that shows them as a notebook does.

matplotlib loads it by name (`module://…figures`) when `__main__` has not chosen another.
What a cell leaves open is shown and closed when the cell ends, if a figure was made in it
that is to be shown: not after `plt.ioff()`.
"""

from typing import Any

import matplotlib as mpl
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

FigureCanvas = FigureCanvasAgg
FigureManager = FigureManagerBase

_to_show: list[bool] = []
"""Not empty if a figure was made in this cell that is to be shown at its end."""

mpl.interactive(b=True)  # as the backend of notebooks does when it is loaded


def show(*_args: Any, **_options: Any) -> None:
    """Show all open figures, and close them."""
    import builtins

    import matplotlib.pyplot as plt

    display = getattr(builtins, "display", None)
    try:
        for number in plt.get_fignums():
            if display is not None:
                display(plt.figure(number))
    finally:
        if plt.get_fignums():
            plt.close("all")


def new_figure_manager(
    number: int,
    *args: Any,
    FigureClass: type[Figure] = Figure,  # noqa: N803  # matplotlib gives it by this name
    **options: Any,
) -> Any:
    """Make a figure, and what manages it."""
    return new_figure_manager_given_figure(number, FigureClass(*args, **options))


def new_figure_manager_given_figure(number: int, figure: Figure) -> Any:
    """Make what manages a figure; matplotlib calls it by this name."""
    manager = FigureCanvas.new_manager(figure, number)
    if mpl.is_interactive():
        _to_show.append(True)
    return manager


def end_of_cell() -> None:
    """Show the figures that the cell left open, if it made one to be shown."""
    if _to_show:
        _to_show.clear()
        show()


def png(figure: Any) -> bytes | None:
    """Return a figure as an image, cut to what is drawn, as a notebook shows it.

    A figure with nothing in it has no image there either.
    """
    import io

    if not figure.axes and not figure.lines:
        return None
    target = io.BytesIO()
    # By the canvas, as IPython does: `savefig` heeds settings that a notebook ignores.
    figure.canvas.print_figure(
        target,
        format="png",
        facecolor=figure.get_facecolor(),
        edgecolor=figure.get_edgecolor(),
        dpi=figure.dpi,
        bbox_inches="tight",
    )
    return target.getvalue()


def chosen() -> bool:
    """Tell whether this is the backend in use."""
    return bool(dict.__getitem__(mpl.rcParams, "backend") == f"module://{__name__}")
