"""Owns the reading of install commands: which distributions a shell line asks for.

Only the words of requirements leave this module. Addresses of indexes and of files may
carry credentials, so they are neither kept nor repeated in a message.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

_SEPARATORS = frozenset({"&&", "||", ";", "|", "&"})
_REDIRECT = re.compile(r"^(\d|&)?>>?(&\d|.*)$")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_PIP = re.compile(r"^pip(\d(\.\d+)?)?$")
_PYTHON = re.compile(r"^(python(\d(\.\d+)?)?|\{sys\.executable\}|\$sys\.executable|%?py)$")
_FILTERS = frozenset({"tail", "head", "grep", "cat", "true", "tee", "echo"})
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_SYSTEM = frozenset({"apt", "apt-get", "yum", "dnf", "apk", "brew"})
_TELLING = frozenset(
    {"list", "show", "freeze", "check", "config", "cache", "help", "search", "index", "debug"}
    | {"inspect", ""}
)
_FILES = frozenset({"-r", "--requirement", "-c", "--constraint", "-e", "--editable"})
_INDEXES = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--index", "--default-index"}
)
_WITH_VALUE = frozenset(
    {"-t", "--target", "--prefix", "--root", "--platform", "--python-version", "-p", "--python"}
    | {"--trusted-host", "--proxy", "--timeout", "--retries", "--cache-dir", "--log", "--src"}
    | {"--only-binary", "--no-binary", "--progress-bar", "--cert", "--client-cert", "-b", "-C"}
    | {"--exists-action", "--use-feature", "--use-deprecated", "--config-settings", "--abi"}
    | {"--upgrade-strategy", "--root-user-action", "--report", "--implementation"}
    | {"--keyring-provider"}
)
_TOOLS = frozenset({"pip", "uv"})


@dataclass(frozen=True, slots=True)
class Installation:
    """What a shell line asks to be installed.

    `troubles` are wishes that give no requirement, each as a clause for a message.
    `alone` tells that the line does nothing else, so that nothing is lost without it;
    `asks` is false where it only tells what is installed.
    """

    requirements: tuple[str, ...]
    troubles: tuple[str, ...]
    alone: bool
    asks: bool


def read_command(command: str) -> Installation | None:
    """Return what a shell line asks to be installed; None where it installs nothing."""
    requirements: list[str] = []
    troubles: list[str] = []
    alone, found, asks = True, False, False
    for words in _commands(command):
        arguments = _pip_arguments(words)
        if arguments is not None:
            found = True
            asks |= _read_pip(arguments, requirements, troubles)
        elif words[0] in _CONDA | _SYSTEM:
            installs = any(word in ("install", "add", "create") for word in words[1:])
            found |= installs
            asks |= installs
            alone &= words[0] in _CONDA or installs or "update" in words
            if installs:
                troubles.append(f"what `{words[0]}` installs is not locked")
        elif words[0] not in _FILTERS:
            alone = False
    if not found:
        return None
    return Installation(tuple(requirements), tuple(troubles), alone, asks)


def read_script(lines: Sequence[str]) -> Installation | None:
    """Return what the lines of a shell script ask to be installed, all together."""
    wanted = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    found = [read_command(line) for line in wanted]
    installs = [one for one in found if one is not None]
    if not installs:
        return None
    return Installation(
        tuple(text for one in installs for text in one.requirements),
        tuple(text for one in installs for text in one.troubles),
        alone=all(one is not None and one.alone for one in found),
        asks=any(one.asks for one in installs),
    )


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each simple command of a shell line, without redirections.

    `pandas>=2` stays one word, though a shell takes it for a redirection: a requirement
    is what its writer meant.
    """
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    command: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif _REDIRECT.match(word):
            skip = word.endswith(">")
        elif word in _SEPARATORS or word.endswith(";"):
            command += [word[:-1]] if word.endswith(";") and len(word) > 1 else []
            yield from _stripped(command)
            command = []
        else:
            command.append(word)
    yield from _stripped(command)


def _stripped(command: Sequence[str]) -> Iterator[list[str]]:
    words = list(command)
    while words and (words[0] in ("sudo", "-H", "env", "nohup") or _ASSIGNMENT.match(words[0])):
        words.pop(0)
    if words:
        yield words


def _pip_arguments(words: Sequence[str]) -> Sequence[str] | None:
    program = words[0].rpartition("/")[2]
    if _PIP.match(program):
        return words[1:]
    if program == "uv" and words[1:2] == ["pip"]:
        return words[2:]
    if _PYTHON.match(program) and list(words[1:3]) == ["-m", "pip"]:
        return words[3:]
    return None


def _read_pip(arguments: Sequence[str], requirements: list[str], troubles: list[str]) -> bool:
    """Read the arguments of pip; return whether they ask for a change."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in _WITH_VALUE and rest:
            rest.pop(0)
    action = rest.pop(0) if rest else ""
    if action in _TELLING:
        return False
    if action != "install":
        troubles.append("pip is asked for something other than to install")
        return True
    _read_wishes(rest, requirements, troubles)
    return True


def _read_wishes(rest: list[str], requirements: list[str], troubles: list[str]) -> None:
    while rest:
        word = rest.pop(0)
        option, equals, _ = word.partition("=")
        if not word.startswith("-"):
            _read_wish(word, requirements, troubles)
            continue
        if word[:2] in ("-r", "-c", "-e", "-i", "-f") and not word.startswith("--"):
            option, equals = word[:2], word[2:]
        if option in _FILES | _INDEXES | _WITH_VALUE and not equals and rest:
            rest.pop(0)
        if option in _FILES:
            troubles.append(f"what `{option}` names is not read")
        elif option in _INDEXES:
            troubles.append("the index is the one that pip or uv is configured for")


def _read_wish(word: str, requirements: list[str], troubles: list[str]) -> None:
    if "{" in word or "$" in word:
        troubles.append("a requirement depends on a variable")
        return
    try:
        requirement = Requirement(word)
    except InvalidRequirement:
        troubles.append("a path, an address or something else stands where a name is wanted")
        return
    if requirement.url is not None:
        troubles.append(f"`{requirement.name}` is asked for by address")
    elif requirement.name not in _TOOLS:
        requirements.append(str(requirement))
