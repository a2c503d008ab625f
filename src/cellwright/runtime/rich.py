"""Owns how an object is shown: text always, and whatever richer forms it offers itself."""

import base64
import sys
from collections.abc import Iterable
from typing import Any

from .pretty import pretty

_METHODS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_pdf_": "application/pdf",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
    "_repr_javascript_": "application/javascript",
}
LONGEST_TEXT = 1024 * 1024
"""Characters of plain text that are kept of one value."""


def mime_bundle(
    value: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the forms of a value and their metadata, by MIME type; both are plain JSON.

    A method of the value that raises costs its own form, as in a kernel.
    """
    if _own(value, "_ipython_display_") is not None:
        _own(value, "_ipython_display_")()
        return {}, {}
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    data["text/plain"] = plain_text(value)
    figure = _figure(value)
    if figure is not None:
        data["image/png"] = figure
    for method, mime in _METHODS.items():
        _split(mime, _answer(value, method), data, metadata)
    bundle = _answer(value, "_repr_mimebundle_", include=include, exclude=exclude)
    if isinstance(bundle, tuple) and len(bundle) == 2:
        data.update(bundle[0])
        metadata.update(bundle[1])
    elif isinstance(bundle, dict):
        data.update(bundle)
    if include is not None:
        data = {mime: form for mime, form in data.items() if mime in set(include)}
    if exclude is not None:
        data = {mime: form for mime, form in data.items() if mime not in set(exclude)}
    return {mime: _plain(form) for mime, form in data.items()}, _plain(metadata)


def _figure(value: Any) -> bytes | None:
    """Return a figure of matplotlib as an image, and nothing for any other value."""
    module = sys.modules.get("matplotlib.figure")
    if module is None or not isinstance(value, module.Figure):
        return None
    try:
        from .figures import png

        return png(value)
    except Exception:  # noqa: BLE001  # what cannot be drawn is shown as text
        return None


def plain_text(value: Any) -> str:
    """Return a value's text as a kernel shows it; never raises."""
    try:
        text = pretty(value)
    except Exception as error:  # noqa: BLE001  # the user's own __repr__
        text = f"<{type(value).__qualname__}: its repr raised {type(error).__qualname__}>"
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT] + "…"
    return text


def _own(value: Any, method: str) -> Any:
    """Return a method of the object, if its class has it: no attribute is made up for us."""
    if isinstance(value, type) or getattr(type(value), method, None) is None:
        return None
    return getattr(value, method, None)


def _answer(value: Any, method: str, **options: Any) -> Any:
    found = _own(value, method)
    if found is None:
        return None
    try:
        return found(**options)
    except Exception:  # noqa: BLE001  # the user's or a library's method
        return None


def _split(mime: str, answer: Any, data: dict[str, Any], metadata: dict[str, Any]) -> None:
    if isinstance(answer, tuple) and len(answer) == 2:
        answer, metadata[mime] = answer
    if answer is not None:
        data[mime] = answer


def _plain(form: Any) -> Any:
    """Return a form as JSON data; bytes become base64 text, as nbformat has them."""
    if isinstance(form, bytes):
        return base64.b64encode(form).decode()
    if isinstance(form, dict):
        return {str(key): _plain(item) for key, item in form.items()}
    if isinstance(form, list | tuple):
        return [_plain(item) for item in form]
    if form is None or isinstance(form, str | bool | int | float):
        return form
    return str(form)
