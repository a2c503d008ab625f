import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.compiler.reading.installs import read_command, read_script


@pytest.mark.parametrize(
    ("command", "requirements"),
    [
        ("pip install -q cloudpickle", ("cloudpickle",)),
        ("pip install 'pandas>=2,<3' numpy", ("pandas<3,>=2", "numpy")),
        ("pip install pandas>=2", ("pandas>=2",)),
        ("pip3 install --upgrade --no-cache-dir a b", ("a", "b")),
        ("pip3.11 install a", ("a",)),
        ("pip --disable-pip-version-check install a", ("a",)),
        ("python -m pip install a", ("a",)),
        ("{sys.executable} -m pip install a", ("a",)),
        ("uv pip install a[x]==1.0", ("a[x]==1.0",)),
        ("sudo pip install a", ("a",)),
        ("PIP_NO_INPUT=1 pip install a", ("a",)),
        ("pip install -t target a", ("a",)),
        ("pip install a > /dev/null 2>&1", ("a",)),
        ("pip install a | tail -n 1", ("a",)),
        ("pip install a; pip install b && echo ok", ("a", "b")),
        ("pip install a  # for the plots", ("a",)),
        ("pip install -U pip", ()),
    ],
)
def test_an_install_line_gives_its_requirements_and_nothing_else(
    command: str, requirements: tuple[str, ...]
) -> None:
    found = read_command(command)

    assert found is not None
    assert found.requirements == requirements
    assert found.troubles == ()
    assert found.alone
    assert found.asks


@pytest.mark.parametrize(
    "command",
    [
        "pip install -r requirements.txt",
        "pip install -rrequirements.txt",
        "pip install --requirement=requirements.txt",
        "pip install -e .",
        "pip install .",
        "pip install ./dist/a-1.0-py3-none-any.whl",
        "pip install {name}",
        "pip install $name",
        "pip install git+https://user:SECRET@host/a.git",
        "pip install 'a @ https://user:SECRET@host/a.whl'",
        "pip install -i https://user:SECRET@host/simple a",
        "pip install --extra-index-url=https://user:SECRET@host/simple a",
        "pip uninstall -y a",
        "conda install -y a",
        "apt-get update && apt-get install -y libgl1",
    ],
)
def test_a_wish_that_cannot_be_locked_is_told_without_its_address(command: str) -> None:
    found = read_command(command)

    assert found is not None
    assert found.troubles
    assert "SECRET" not in repr(found)
    assert "host" not in repr(found)


@pytest.mark.parametrize("command", ["pip list", "pip --version", "pip freeze | grep pandas"])
def test_a_question_to_pip_asks_for_nothing(command: str) -> None:
    found = read_command(command)

    assert found is not None
    assert (found.requirements, found.troubles, found.asks) == ((), (), False)


@pytest.mark.parametrize("command", ["ls", "", "echo pip install a", "pip install 'a", "cat pip"])
def test_other_commands_install_nothing(command: str) -> None:
    assert read_command(command) is None


@pytest.mark.parametrize("tool", ["conda", "apt-get"])
def test_what_another_tool_installs_is_told_by_its_name(tool: str) -> None:
    found = read_command(f"{tool} install a")

    assert found is not None
    assert found.troubles == (f"what `{tool}` installs is not locked",)


def test_a_line_that_does_more_is_not_alone() -> None:
    found = read_command("cd lib && pip install a")

    assert found is not None
    assert found.requirements == ("a",)
    assert not found.alone


def test_a_script_is_alone_if_each_of_its_lines_is() -> None:
    only = read_script(["# set up\n", "\n", "pip install a\n", "pip install b\n"])
    more = read_script(["pip install a\n", "make\n"])

    assert only is not None
    assert more is not None
    assert (only.requirements, only.alone) == (("a", "b"), True)
    assert (more.requirements, more.alone) == (("a",), False)


@given(st.text(max_size=60).map("pip install {}".format) | st.text(max_size=60))
def test_any_line_is_read(command: str) -> None:
    found = read_command(command)

    assert found is None or isinstance(found.requirements, tuple)
