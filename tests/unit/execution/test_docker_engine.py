import json
import os
import socket
import threading
import time
from hashlib import sha256

import pytest

from cellwright.base.errors import EngineError
from cellwright.execution.docker_engine import Engine, engine_address


@pytest.fixture
def listen(tmp_path):
    """Return a maker of sockets that give one answer to whoever asks."""
    made = []

    def listen(answer):
        path = tmp_path / f"{len(made)}.sock"
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
        made.append(server)

        def serve():
            while True:
                try:
                    link, _ = server.accept()
                except OSError:
                    return
                with link:
                    link.recv(4096)
                    if answer is None:
                        time.sleep(3)
                    else:
                        link.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return Engine({"DOCKER_HOST": f"unix://{path}"})

    yield listen
    for server in made:
        server.close()


def context(home, name, host):
    """Make a docker context as the docker client does."""
    folder = home / ".docker" / "contexts" / "meta" / sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    record = {"Name": name, "Endpoints": {"docker": {"Host": host}}}
    (folder / "meta.json").write_text(json.dumps(record))


def test_docker_host_comes_before_everything(tmp_path):
    context(tmp_path, "colima", "unix:///colima.sock")
    environ = {"HOME": str(tmp_path), "DOCKER_HOST": "tcp://there:2376", "DOCKER_CONTEXT": "colima"}

    assert engine_address(environ).url == "tcp://there:2376"


def test_the_context_of_the_docker_client_counts(tmp_path):
    context(tmp_path, "colima", "unix:///colima.sock")
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "colima"}')

    found = engine_address({"HOME": str(tmp_path)})

    assert (found.url, found.origin) == ("unix:///colima.sock", "docker context `colima`")


def test_a_broken_configuration_of_the_docker_client_is_no_context(tmp_path):
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{not json")

    assert engine_address({"HOME": str(tmp_path)}).origin == "the usual place"


def test_an_engine_that_answers_is_available(listen):
    assert listen(b"HTTP/1.0 200 OK\r\n\r\nOK").unavailable() is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\nno", "no Docker engine (status 404)"),
        (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
    ],
)
def test_what_is_no_engine_is_said_to_be_none(listen, answer, words):
    assert words in listen(answer).unavailable()


def test_an_engine_that_hangs_is_given_up_within_a_second(listen):
    engine = listen(None)
    began = time.monotonic()

    assert "does not answer" in engine.unavailable()
    assert time.monotonic() - began < 1


def test_a_missing_socket_is_named_with_who_named_it(tmp_path):
    reason = Engine({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}).unavailable()

    assert f"{tmp_path}/none.sock (set by DOCKER_HOST) does not exist" in reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
def test_a_socket_without_permission_names_what_helps(tmp_path):
    path = tmp_path / "closed.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0)

        assert "no permission" in Engine({"DOCKER_HOST": f"unix://{path}"}).unavailable()


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:9", "foo://x"])
def test_an_engine_elsewhere_that_does_not_answer_is_an_error_in_one_line(url):
    reason = Engine({"DOCKER_HOST": url}).unavailable()

    assert url in reason
    assert "\n" not in reason


def test_facts_of_an_image_come_from_one_question(listen):
    record = {
        "Id": "sha256:ab",
        "RepoDigests": ["python@sha256:cd"],
        "Os": "linux",
        "Architecture": "arm64",
        "Variant": "v8",
    }
    engine = listen(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(record).encode())

    facts = engine.image("python:3.11")

    assert (facts.id, facts.digest, facts.identity) == (
        "sha256:ab",
        "python@sha256:cd",
        "sha256:cd",
    )
    assert facts.platform == "linux/arm64/v8"


def test_an_image_that_the_engine_does_not_have_is_none(listen):
    answer = b'HTTP/1.0 404 Not Found\r\n\r\n{"message": "No such image"}'

    assert listen(answer).image("nobody/has:this") is None


def test_a_refusal_of_the_engine_is_an_error_with_its_words(listen):
    answer = b'HTTP/1.0 500 Oops\r\n\r\n{"message": "the disk is on fire"}'

    with pytest.raises(EngineError, match="the disk is on fire"):
        listen(answer).image("python:3.11")


def test_an_engine_that_is_gone_is_an_error_that_says_what_was_asked(tmp_path):
    engine = Engine({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})

    with pytest.raises(EngineError, match=r"asking for image python:3\.11: no Docker engine"):
        engine.image("python:3.11")
