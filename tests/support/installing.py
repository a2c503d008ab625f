"""Makes what installers make: site-packages folders, wheels, source archives, indexes."""

import base64
import hashlib
import io
import sys
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from cellwright.environment.interpreter import Interpreter

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def interpreter(*search, stdlib=("os", "json", "random", "statistics")):
    """Return the facts of a made-up Python whose search path is these folders."""
    return Interpreter(
        path=sys.executable,
        full_version="3.11.7",
        libc="glibc 2.36",
        search=tuple(str(folder) for folder in search),
        stdlib=frozenset(stdlib),
        markers=dict(MARKERS),
    )


def install(site, name, version="1.0", *, files=None, requires=(), extra_info=None):
    """Write an installed distribution into a site-packages folder, as an installer does.

    `files` maps paths to text; `extra_info` maps names in the dist-info folder to text.
    """
    files = {f"{name.replace('-', '_')}.py": ""} if files is None else files
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    texts = {
        **files,
        f"{info}/METADATA": "\n".join(metadata) + "\n\nRequires-Dist: nothing, this is prose\n",
        **{f"{info}/{key}": text for key, text in (extra_info or {}).items()},
    }
    rows = [f"{path},,{len(text.encode())}" for path, text in texts.items()]
    texts[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    for path, text in texts.items():
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def make_wheel(folder, name, version="1.0", *, requires=(), extras=(), body="ANSWER = 42\n"):
    """Make a wheel with one module, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    texts = {
        f"{stem}.py": body,
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": wheel,
    }
    rows = [f"{path},{_record_hash(text)},{len(text)}" for path, text in texts.items()]
    texts[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in texts.items():
            archive.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), text)
    return path


def make_source_archive(folder, name, version="1.0"):
    """Make a source archive that builds without any other distribution; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "pyproject.toml": (
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            f'[project]\nname = "{name}"\nversion = "{version}"\n'
        ),
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "backend.py": _BACKEND.format(name=name, version=version),
    }
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, text in texts.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{member}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


@contextmanager
def serve_index(folder, *, user="", password=""):
    """Serve the wheels of a folder as an index, behind basic authentication if asked for.

    Yields the address without credentials, and the list of requests answered.
    """
    answered = []
    allowed = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if password and self.headers.get("Authorization") != allowed:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            payload, kind = self._payload(unquote(self.path.partition("?")[0]))
            answered.append(self.path)
            self.send_response(200 if payload is not None else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(payload or b"")))
            self.end_headers()
            self.wfile.write(payload or b"")

        do_HEAD = do_GET  # noqa: N815  # the name that the server looks up

        def _payload(self, path):
            if path.startswith("/files/"):
                found = folder / path.removeprefix("/files/")
                return (found.read_bytes() if found.is_file() else None), "application/zip"
            name = path.strip("/").rpartition("/")[2].replace("-", "_")
            links = [
                f'<a href="/files/{one.name}#sha256={hashlib.sha256(one.read_bytes()).hexdigest()}">'
                f"{one.name}</a>"
                for one in sorted(folder.iterdir())
                if one.name.startswith(f"{name}-")
            ]
            page = "".join(links).encode()
            return (page if links else None), "text/html"

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple", answered
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _record_hash(text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


_BACKEND = """
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "{name}-{version}.dist-info"
    texts = {{
        "{name}.py": "ANSWER = 7",
        info + "/METADATA": "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    texts[info + "/RECORD"] = "".join(path + ",,\\n" for path in [*texts, info + "/RECORD"])
    name = "{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in texts.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return name
"""
