from pathlib import Path

import pytest

from cellwright.base.errors import UsageError
from cellwright.environment.image import dockerfile
from cellwright.model.pipeline import Environment

GOLDEN = Path(__file__).parents[2] / "golden" / "dockerfiles"
LOCK = """\
numpy==2.4.0 \\
    --hash=sha256:aaaa
pandas==3.0.0 \\
    --hash=sha256:bbbb
"""
VARIABLES = {"PYTHONHASHSEED": "0", "TZ": "UTC", "GREETING": 'say "hi" for $5'}


def environment(**options):
    settings = {
        "python": "3.11.7",
        "lock": LOCK,
        "base_image": "",
        "platform": "linux/amd64",
        **options,
    }
    return Environment(**settings)


def text(made=None, *, base_image="cellwright-base:3.11", builder="classic", variables=VARIABLES):
    return dockerfile(
        made or environment(), base_image=base_image, builder=builder, variables=variables
    )


@pytest.mark.parametrize(
    ("name", "made", "builder"),
    [
        ("classic", environment(), "classic"),
        ("buildkit", environment(), "buildkit"),
        ("standard-library-only", environment(lock=""), "classic"),
        ("system-packages", environment(system_packages=("libgomp1", "git")), "classic"),
    ],
)
def test_the_dockerfile_is_what_a_reader_was_shown(name, made, builder):
    expected = (GOLDEN / f"{name}.Dockerfile").read_text()

    assert text(made, builder=builder) == expected


def test_equal_arguments_give_equal_text():
    assert text(environment()) == text(environment())


def test_packages_are_listed_in_one_order_whatever_order_they_were_given_in():
    one = text(environment(system_packages=("git", "libgomp1")))
    other = text(environment(system_packages=("libgomp1", "git")))

    assert _without_label(one) == _without_label(other)


def _without_label(text):
    return [line for line in text.splitlines() if "cellwright.environment" not in line]


@pytest.mark.parametrize(
    "package",
    ["foo; id", "foo\nRUN id", "$(id)", "-rf", "foo bar", "Foo", "foo=1 bar", "", "foo&&id", "a\n"],
)
def test_a_system_package_that_is_none_never_reaches_the_shell(package):
    with pytest.raises(UsageError, match="Debian package"):
        text(environment(system_packages=(package,)))


@pytest.mark.parametrize(
    "reference",
    [
        "python:3.11",
        "cellwright-base:3.11",
        "localhost:5000/team/image:1.2",
        "registry.example.com:443/a/b-c/d_e:tag",
        "python@sha256:" + "0" * 64,
        "python:3.11@sha256:" + "a" * 64,
        "image",
    ],
)
def test_the_name_of_an_image_is_taken(reference):
    assert f"\nFROM {reference}\n" in text(base_image=reference)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "a b",
        "image AS x\nRUN id",
        "image\n",
        "$(id)",
        "python@sha256:12",
        "-flag",
        "image:tag:tag",
        "../x",
    ],
)
def test_what_is_no_name_of_an_image_is_refused(reference):
    with pytest.raises(UsageError, match="image"):
        text(base_image=reference)


def test_a_variable_of_several_lines_is_refused():
    with pytest.raises(UsageError, match="one line"):
        text(variables={"A": "x\nRUN id"})
