import os
import stat

import pytest

from cellwright.base.errors import MachineError, ToolError, UsageError
from cellwright.environment.base_image import apt_mirror, base_image, make_base_image


class NoEngine:
    """An engine that must not be asked."""

    def import_image(self, stream, *, tag, changes):
        raise AssertionError("nothing is to be imported")


@pytest.fixture
def tool(tmp_path):
    """Return a maker of programs that stand before the real ones in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"PATH": f"{folder}:/usr/bin:/bin", "TMPDIR": str(tmp_path)}

    return make


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("3.11", "bookworm", "cellwright-base:3.11")),
        ({"python": "3.13"}, ("3.13", "trixie", "cellwright-base:3.13")),
        ({"suite": "trixie"}, ("3.13", "trixie", "cellwright-base:3.13")),
        ({"python": "3.14", "suite": "forky"}, ("3.14", "forky", "cellwright-base:3.14")),
        ({"tag": "mine:1"}, ("3.11", "bookworm", "mine:1")),
    ],
)
def test_what_is_left_out_follows_from_the_rest(given, expected):
    image = base_image(**given)

    assert (image.python, image.suite, image.tag) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"python": "3.12"}, "no Debian release ships Python 3.12"),
        ({"python": "3"}, "not a Python version"),
        ({"python": "3.11; id"}, "not a Python version"),
        ({"suite": "forky"}, "the Python of Debian forky is not known"),
        ({"python": "3.11", "suite": "-x"}, "not the name of a Debian suite"),
    ],
)
def test_what_debian_does_not_have_is_said_before_anything_starts(given, words):
    with pytest.raises(UsageError, match=words):
        base_image(**given)


def test_the_mirror_of_this_machine_is_used_for_its_suite(tool):
    environ = tool(
        "apt-get",
        "echo 'http://security.example/debian-security bookworm-security'\n"
        "echo 'http://other.example/packages stable'\n"
        "echo 'http://mirror.example/debian bookworm'",
    )

    assert apt_mirror("bookworm", environ) == "http://mirror.example/debian"
    assert apt_mirror("trixie", environ) == "http://mirror.example/debian"


def test_without_apt_the_mirror_is_the_one_that_debootstrap_knows(tool):
    tool("apt-get", "exit 100")
    environ = tool("debootstrap", 'DEF_MIRROR="http://archive.example/debian"')

    assert apt_mirror("bookworm", environ) == "http://archive.example/debian"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_failed_debootstrap_says_its_last_words_without_credentials(tool, tmp_path):
    tool("apt-get", "echo 'http://user:CANARY@mirror.example/debian bookworm'")
    environ = tool(
        "debootstrap",
        'echo "I: Retrieving $5"\necho "E: Invalid Release file from $5"\nexit 1',
    )
    words = []

    with pytest.raises(
        ToolError, match=r"Invalid Release file from http://\*\*\*@mirror"
    ) as caught:
        make_base_image(base_image(), engine=NoEngine(), environ=environ, say=words.append)

    assert "CANARY" not in str(caught.value) + "".join(words)
    assert not list(tmp_path.glob("cellwright-base-*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_suite_with_another_python_is_refused(tool):
    environ = tool(
        "debootstrap",
        'mkdir -p "$4/usr/bin"\ntouch "$4/usr/bin/python3.12"',
    )

    with pytest.raises(MachineError, match=r"ships python3\.12, not python3\.11"):
        make_base_image(
            base_image(suite="forky", python="3.11"),
            engine=NoEngine(),
            environ=environ,
            say=lambda _line: None,
        )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_without_root_it_says_what_to_call(tmp_path):
    with pytest.raises(MachineError, match="needs root") as caught:
        make_base_image(base_image(), engine=NoEngine(), environ={}, say=print)

    assert "sudo" in caught.value.hint
