import json
import os
import socket
import stat

import pytest

from cellwright.app.doctor import examine
from cellwright.app.workspace import Workspace


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Return a function that examines a workspace: findings by subject."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")

    def look(root=tmp_path):
        return {finding.subject: finding for finding in examine(Workspace(root))}

    return look


def test_each_finding_is_plain_json_and_says_how_to_mend_what_is_broken(look):
    findings = look().values()

    assert json.loads(json.dumps([finding.row() for finding in findings]))
    assert all(finding.mend for finding in findings if finding.status == "broken")


def test_no_engine_is_missing_and_not_broken_as_steps_can_run_as_processes(look, tmp_path):
    found = look()["engine"]

    assert found.status == "missing"
    assert f"{tmp_path}/no.sock" in found.text
    assert "processes" in found.text
    assert "docker.io" in found.mend


def test_a_socket_that_nobody_listens_behind_is_broken(look, tmp_path, monkeypatch):
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    found = look()["engine"]

    assert found.status == "broken"
    assert "not running" in found.text
    assert "start it" in found.mend


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_broken(look, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IRUSR | stat.S_IXUSR)

    assert look(closed)["workspace"].status == "broken"


def test_an_index_that_does_not_answer_is_broken_and_its_password_is_not_said(look, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:CANARY@127.0.0.1:9/simple")

    found = look()["package index"]

    assert found.status == "broken"
    assert "127.0.0.1:9" in found.text
    assert "CANARY" not in str(found)


@pytest.mark.docker
def test_an_engine_that_answers_is_described(look, base_image, monkeypatch):
    monkeypatch.delenv("DOCKER_HOST")

    findings = look()

    assert findings["engine"].status == "ok"
    assert findings["engine"].text[0].isdigit()
    assert findings["buildx"].status in ("ok", "missing")
    assert findings["base image"].status == "ok"
