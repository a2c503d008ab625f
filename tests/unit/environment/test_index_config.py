"""The host's configuration of pip and uv is read as these tools read it."""

import pytest

from cellwright.environment.index_config import (
    IndexConfig,
    pip_environment,
    read_index_config,
    redact,
    uv_environment,
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a home without any configuration; the machine's own files are out of sight."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setattr(
        "cellwright.environment.index_config._SYSTEM_PIP", str(tmp_path / "etc" / "pip.conf")
    )
    return folder


@pytest.fixture
def read(home, tmp_path):
    def read(**environ):
        base = {"HOME": str(home), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
        return read_index_config({**base, "VIRTUAL_ENV": str(tmp_path), **environ}, folder=tmp_path)

    return read


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_pips_files_count_the_later_over_the_earlier(read, home, tmp_path):
    write(tmp_path / "etc/pip.conf", "[global]\nindex-url = https://system/simple\nno-index = no\n")
    write(home / ".pip/pip.conf", "[global]\nindex-url = https://legacy/simple\n")
    write(home / ".config/pip/pip.conf", "[global]\nextra-index-url = https://a/s\n  https://b/s\n")
    write(tmp_path / "pip.conf", "[install]\nfind_links = /wheels https://page/\n")

    found = read()

    assert found.index_url == "https://legacy/simple"
    assert found.extra_index_urls == ("https://a/s", "https://b/s")
    assert found.find_links == ("/wheels", "https://page/")
    assert not found.no_index


def test_a_file_named_by_variable_takes_the_place_of_the_users(read, home, tmp_path):
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = https://user/s\n")
    write(tmp_path / "own.conf", "[global]\ntrusted-host = h1 h2\n")

    found = read(PIP_CONFIG_FILE=str(tmp_path / "own.conf"))

    assert found.index_url == ""
    assert found.trusted_hosts == ("h1", "h2")


def test_no_file_counts_when_pip_is_told_so(read, home):
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = https://user/s\n")

    assert read(PIP_CONFIG_FILE="/dev/null").index_url == ""


def test_variables_win_over_files(read, home):
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = https://user/s\n")

    found = read(PIP_INDEX_URL="https://env/s", PIP_NO_INDEX="1", PIP_FIND_LINKS="/w")

    assert found.index_url == "https://env/s"
    assert found.no_index
    assert found.find_links == ("/w",)


def test_uvs_settings_count_and_pips_index_comes_after(read, tmp_path):
    write(
        tmp_path / "uv.toml",
        '[[index]]\nname = "Team-One"\nurl = "https://team/simple"\n'
        '[[index]]\nurl = "https://main/simple"\ndefault = true\n'
        '[[index]]\nurl = "https://hidden/simple"\nexplicit = true\n',
    )

    found = read(
        PIP_INDEX_URL="https://pip/s",
        UV_INDEX_TEAM_ONE_USERNAME="me",
        UV_INDEX_TEAM_ONE_PASSWORD="p@ss",
    )

    assert found.index_url == "https://main/simple"
    assert found.extra_index_urls == ("https://me:p%40ss@team/simple", "https://pip/s")
    assert set(found.secrets) >= {"p%40ss"}


def test_uvs_project_settings_stand_in_pyproject_too(read, tmp_path):
    write(tmp_path / "pyproject.toml", '[tool.uv]\nfind-links = ["wheels"]\n')

    assert read().find_links == (str(tmp_path / "wheels"),)


def test_pips_no_index_does_not_hide_uvs_index(read):
    assert not read(PIP_NO_INDEX="1", UV_DEFAULT_INDEX="https://uv/s").no_index


def test_both_tools_see_the_joint_configuration():
    config = IndexConfig(
        index_url="https://i/s",
        extra_index_urls=("https://a/s", "https://b/s"),
        find_links=("/w", "/v"),
        certificate="/ca.pem",
        trusted_hosts=("h",),
        proxy="http://proxy",
    )

    uv = uv_environment(config, {"UV_INDEX_URL": "old", "UV_RESOLUTION": "lowest", "PATH": "/bin"})
    pip = pip_environment(config, {"PIP_TARGET": "/x", "PATH": "/bin"})

    assert uv["UV_DEFAULT_INDEX"] == "https://i/s"
    assert uv["UV_INDEX"] == "https://a/s https://b/s"
    assert uv["UV_FIND_LINKS"] == "/w,/v"
    assert uv["SSL_CERT_FILE"] == "/ca.pem"
    assert uv["HTTPS_PROXY"] == "http://proxy"
    assert uv["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert not {"UV_INDEX_URL", "UV_RESOLUTION"} & set(uv)
    assert pip["PIP_EXTRA_INDEX_URL"] == "https://a/s https://b/s"
    assert pip["PIP_CERT"] == "/ca.pem"
    assert "PIP_TARGET" not in pip


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("see https://user:pa@ss@host/simple/x", "see https://***@host/simple/x"),
        ("git+ssh://git@host/x", "git+ssh://***@host/x"),
        ("https://host/x?token=abc&page=2", "https://host/x?token=***&page=2"),
        ("api_key: s3cret", "api_key: ***"),
        ("numpy==2.0 from https://host/simple", "numpy==2.0 from https://host/simple"),
    ],
)
def test_what_could_be_a_credential_is_taken_out(text, clean):
    assert redact(text) == clean


def test_known_passwords_are_taken_out_wherever_they_stand():
    config = IndexConfig(index_url="https://bob:hunter2@host/simple")

    assert config.redact("login hunter2 failed for bob2") == "login *** failed for bob2"
    assert "hunter2" not in repr(config)
