"""Owns where distributions come from on this machine: the configuration of pip and of uv.

Both tools' indexes count, whichever tool filled the kernel's environment. Addresses may
carry credentials: they travel in the environment of a subprocess, never on a command
line, and `redact` stands between a tool's words and everybody else.
"""

import configparser
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

_SYSTEM_PIP = "/etc/pip.conf"
_SECTIONS = ("global", "install", "download")
_USERINFO = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@'\"]*(?:@[^/\s@'\"]*)*@", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"(?P<name>(?:access_|api_|auth_)?(?:token|key|password|passwd|secret|sig|signature))"
    r"(?P<sep>=|:\s*)(?P<value>[^\s&'\"]+)",
    re.IGNORECASE,
)
# Settings of uv that would change what is resolved, or where to; the rest is the user's.
_NOT_OURS = (
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_RESOLUTION",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_EXCLUDE",
    "UV_TORCH_BACKEND",
    "UV_WORKING_DIR",
    "UV_PROJECT",
)


@dataclass(frozen=True, slots=True, repr=False)
class IndexConfig:
    """Where this machine's installers look; the addresses may carry credentials.

    `index_url` is "" for the tools' own default. `find_links` are folders, files or
    pages. `certificate` is a file of trusted authorities, `trusted_hosts` are hosts
    taken without one. `proxy` and `client_certificate` are "" where there is none.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    certificate: str = ""
    client_certificate: str = ""
    trusted_hosts: tuple[str, ...] = ()
    proxy: str = ""
    prereleases: bool = False

    def __repr__(self) -> str:
        """Show how many places there are, and no address."""
        return f"IndexConfig({len(self.extra_index_urls)} extra, {len(self.find_links)} links)"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the user names and passwords in the addresses, also as they are quoted."""
        found: set[str] = set()
        for url in (self.index_url, *self.extra_index_urls, *self.find_links, self.proxy):
            parts = urlsplit(url) if "://" in url else None
            for value in (parts.password, parts.username) if parts else ():
                if value and len(value) >= 4:
                    found |= {value, quote(value, safe="")}
        return tuple(sorted(found, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """Return a tool's words without what could be a credential."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return redact(text)


def redact(text: str) -> str:
    """Return text with the user part of addresses, and values of tokens, replaced by `***`."""
    text = _USERINFO.sub(r"\g<scheme>***@", text)
    return _SECRET_VALUE.sub(r"\g<name>\g<sep>***", text)


def read_index_config(environ: Mapping[str, str], *, folder: Path) -> IndexConfig:
    """Return the joint configuration of pip and uv for work in a folder.

    pip's files and `PIP_*` count as pip reads them, `uv.toml`, `[tool.uv]` and `UV_*` as
    uv does. Where both name a default index, uv's is it and pip's comes after.
    """
    pip = _read_pip(environ)
    uv = _read_uv(environ, folder)
    default = uv.index_url or pip.index_url
    others = (*uv.extra_index_urls, pip.index_url, *pip.extra_index_urls)
    extra = tuple(url for url in dict.fromkeys(others) if url and url != default)
    return IndexConfig(
        index_url=default,
        extra_index_urls=extra,
        find_links=tuple(dict.fromkeys((*uv.find_links, *pip.find_links))),
        # One tool's `no-index` must not hide the indexes that the other is told to use.
        no_index=uv.no_index or (pip.no_index and not uv.index_url and not uv.extra_index_urls),
        certificate=_certificate(environ, pip),
        client_certificate=environ.get("SSL_CLIENT_CERT", "") or pip.client_certificate,
        trusted_hosts=tuple(dict.fromkeys((*uv.trusted_hosts, *pip.trusted_hosts))),
        proxy=pip.proxy,
        prereleases=pip.prereleases,
    )


def uv_environment(config: IndexConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which uv sees a configuration, its own included."""
    found = {key: value for key, value in environ.items() if key not in _NOT_OURS}
    for key in ("UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_DEFAULT_INDEX"):
        found.pop(key, None)
    _put(found, "UV_DEFAULT_INDEX", config.index_url)
    _put(found, "UV_INDEX", " ".join(config.extra_index_urls))
    _put(found, "UV_FIND_LINKS", ",".join(config.find_links))
    _put(found, "UV_INSECURE_HOST", " ".join(config.trusted_hosts))
    _put(found, "SSL_CERT_FILE", config.certificate)
    _put(found, "SSL_CLIENT_CERT", config.client_certificate)
    if config.proxy:
        for key in ("HTTP_PROXY", "HTTPS_PROXY"):
            found.setdefault(key, config.proxy)
    if config.extra_index_urls:
        # pip holds all indexes for equal, and so was the kernel's environment filled.
        found.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    found |= {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"}
    return found


def pip_environment(config: IndexConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which pip sees a configuration, uv's included."""
    found = dict(environ)
    _put(found, "PIP_INDEX_URL", config.index_url)
    _put(found, "PIP_EXTRA_INDEX_URL", " ".join(config.extra_index_urls))
    _put(found, "PIP_FIND_LINKS", " ".join(config.find_links))
    _put(found, "PIP_TRUSTED_HOST", " ".join(config.trusted_hosts))
    _put(found, "PIP_CERT", config.certificate)
    _put(found, "PIP_CLIENT_CERT", config.client_certificate)
    _put(found, "PIP_PROXY", config.proxy)
    if config.no_index:
        found["PIP_NO_INDEX"] = "1"
    # Options that suit installations and break a download of single wheels.
    for key in (
        "PIP_TARGET",
        "PIP_USER",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_CONSTRAINT",
        "PIP_NO_BINARY",
    ):
        found.pop(key, None)
    found |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "NO_COLOR": "1"}
    return found


def _put(environment: dict[str, str], key: str, value: str) -> None:
    if value:
        environment[key] = value


def _certificate(environ: Mapping[str, str], pip: IndexConfig) -> str:
    named = (
        environ.get(key, "") for key in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    )
    return next((path for path in (pip.certificate, *named) if path and os.path.isfile(path)), "")


def _read_pip(environ: Mapping[str, str]) -> IndexConfig:
    settings: dict[str, str] = {}
    for path in _pip_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue  # pip itself reports a broken file, when it is asked to download.
        for section in _SECTIONS:
            if parser.has_section(section):
                settings |= {_key(name): value for name, value in parser.items(section)}
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            settings[_key(name.removeprefix("PIP_"))] = value
    return IndexConfig(
        index_url=settings.get("index-url", settings.get("pypi-url", "")).strip(),
        extra_index_urls=tuple(settings.get("extra-index-url", "").split()),
        find_links=tuple(
            _link(link, Path.cwd()) for link in settings.get("find-links", "").split()
        ),
        no_index=_truth(settings.get("no-index", "")),
        certificate=os.path.expanduser(settings.get("cert", "")),
        client_certificate=os.path.expanduser(settings.get("client-cert", "")),
        trusted_hosts=tuple(settings.get("trusted-host", "").split()),
        proxy=settings.get("proxy", ""),
        prereleases=_truth(settings.get("pre", "")),
    )


def _pip_files(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return pip's configuration files; a later one overrides an earlier one."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return ()
    home = environ.get("HOME", os.path.expanduser("~"))
    config_home = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    system = [
        os.path.join(folder, "pip", "pip.conf")
        for folder in reversed((environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep))
    ]
    user = [os.path.join(home, ".pip", "pip.conf"), os.path.join(config_home, "pip", "pip.conf")]
    if sys.platform == "darwin":
        library = "Library/Application Support/pip/pip.conf"
        system.append(os.path.join("/", library))
        user.append(os.path.join(home, library))
    site = os.path.join(environ.get("VIRTUAL_ENV") or sys.prefix, "pip.conf")
    if named and os.path.exists(named):
        user = []  # As pip does: the file named takes the place of the user's own.
    return (*system, _SYSTEM_PIP, *user, site, *([named] if named else []))


def _read_uv(environ: Mapping[str, str], folder: Path) -> IndexConfig:
    default, extra, links = "", list[str](), list[str]()
    hosts, no_index = list[str](), False
    for path, table in _uv_tables(environ, folder):
        merged = {**table.get("pip", {}), **table}
        for index in merged.get("index", []):
            url = _with_credentials(str(index.get("url", "")), str(index.get("name", "")), environ)
            if index.get("default"):
                default = default or url
            elif not index.get("explicit"):
                extra.append(url)
        default = default or str(merged.get("index-url", ""))
        extra += [str(url) for url in merged.get("extra-index-url", [])]
        links += [_link(str(link), path.parent) for link in merged.get("find-links", [])]
        hosts += [str(host) for host in merged.get("allow-insecure-host", [])]
        no_index = no_index or bool(merged.get("no-index"))
    named = environ.get("UV_INDEX", "").split() + environ.get("UV_EXTRA_INDEX_URL", "").split()
    return IndexConfig(
        index_url=environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or default,
        extra_index_urls=tuple(dict.fromkeys([*(_unnamed(url, environ) for url in named), *extra])),
        find_links=tuple(
            _link(link, Path.cwd()) for link in environ.get("UV_FIND_LINKS", "").split(",") if link
        )
        + tuple(links),
        no_index=no_index,
        trusted_hosts=(*environ.get("UV_INSECURE_HOST", "").split(), *hosts),
    )


def _uv_tables(environ: Mapping[str, str], folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return uv's configuration, the nearest first, with the files it stands in."""
    if _truth(environ.get("UV_NO_CONFIG", "")):
        return []
    named = environ.get("UV_CONFIG_FILE", "")
    if named:
        return [entry for entry in [_uv_table(Path(named))] if entry]
    found = []
    for candidate in (folder, *folder.parents):
        entry = _uv_table(candidate / "uv.toml") or _uv_table(candidate / "pyproject.toml")
        if entry:
            found.append(entry)
            break
    home = environ.get("HOME", os.path.expanduser("~"))
    config_home = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    for path in (Path(config_home, "uv", "uv.toml"), Path("/etc/uv/uv.toml")):
        entry = _uv_table(path)
        if entry:
            found.append(entry)
    return found


def _uv_table(path: Path) -> tuple[Path, dict[str, Any]] | None:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("uv", {})
    return (path, table) if table else None


def _unnamed(entry: str, environ: Mapping[str, str]) -> str:
    """Return the address of an index that may be spelled `name=address`."""
    match = re.match(r"([A-Za-z0-9._-]+)=(\S+://.*)", entry)
    return _with_credentials(match[2], match[1], environ) if match else entry


def _with_credentials(url: str, name: str, environ: Mapping[str, str]) -> str:
    """Return an address with the credentials that uv reads for an index of that name."""
    key = re.sub(r"[^A-Za-z0-9]", "_", name).upper()
    user, password = (
        environ.get(f"UV_INDEX_{key}_{part}", "") for part in ("USERNAME", "PASSWORD")
    )
    if not key or not (user or password):
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    userinfo = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{host}"))


def _link(link: str, base: Path) -> str:
    if "://" in link:
        return link
    return os.path.join(base, os.path.expanduser(link))


def _key(name: str) -> str:
    return name.lower().replace("_", "-").lstrip("-")


def _truth(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on", "t", "y")
