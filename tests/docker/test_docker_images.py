import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace

import pytest

from cellwright.base.errors import EngineError, UsageError
from cellwright.execution.docker_build import BuildKit
from support.bare import attempt
from support.wheels import wheel

pytestmark = pytest.mark.docker


@pytest.fixture
def tiny(plain, tmp_path):
    """Return an environment with one small wheel, and what puts its wheels into a folder."""
    lock = wheel(tmp_path / "wheels", body=f"ANSWER = 42  # {tmp_path}\n")

    def wheels(environment, folder, say):
        for path in (tmp_path / "wheels").iterdir():
            os.link(path, folder / path.name)
        _fetch_uv(folder)

    return replace(plain, lock=lock), wheels


def _fetch_uv(folder):
    """Put uv's wheel into a folder: from pip's cache, after the first time."""
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
    subprocess.run(
        [*pip, "--only-binary", ":all:", "--dest", str(folder), "uv"],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def removed(engine):
    """Return a list of images to be removed when the test is over."""
    names = []
    yield names
    for name in names:
        if engine.image(name) is not None:
            engine.client.remove_image(name, force=True)


@pytest.mark.network
def test_an_image_is_built_from_wheels_once_and_then_found(
    make_executor, tiny, tmp_path, removed, engine
):
    environment, wheels = tiny
    executor = make_executor(wheels=wheels)
    removed.append(executor.image(environment))
    words = []

    first = executor.prepare(environment, words.append)
    again = make_executor(wheels=None).prepare(environment, words.clear)

    assert (first, again) == (True, False)
    assert any("COPY" in line for line in words)
    process = executor.start(
        attempt(
            tmp_path / "a1",
            "import tiny, sys; print(tiny.ANSWER, sys.prefix)",
            environment=environment,
        )
    )
    assert process.wait(30).exit_code == 0
    assert engine.client.logs(process._container) == b"42 /opt/venv\n"
    process.release()


@pytest.mark.network
def test_installed_modules_are_compiled_and_need_no_check_of_their_source(
    make_executor, tiny, tmp_path, removed, engine
):
    environment, wheels = tiny
    executor = make_executor(wheels=wheels)
    removed.append(executor.image(environment))
    executor.prepare(environment, print)
    program = """
import importlib.util, tiny
payload = open(importlib.util.cache_from_source(tiny.__file__), "rb").read()
print(int.from_bytes(payload[4:8], "little"))
"""
    process = executor.start(attempt(tmp_path / "a1", program, environment=environment))

    assert process.wait(30).exit_code == 0
    assert engine.client.logs(process._container) == b"1\n"  # by hash, unchecked
    process.release()


def test_many_threads_that_want_an_image_build_it_once(make_executor, plain, removed):
    environment = replace(plain, system_packages=())
    executor = make_executor()
    name = executor.image(environment)
    if executor.engine.image(name) is not None:
        executor.engine.client.remove_image(name, force=True)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(executor.prepare(environment, print)))
        for _ in range(3)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(results) == [False, False, True]


def test_an_image_that_was_deleted_is_built_again_at_start(ready, plain, tmp_path):
    ready.engine.client.remove_image(ready.image(plain), force=True)

    process = ready.start(attempt(tmp_path / "a1", "", environment=plain))

    assert process.wait(30).exit_code == 0
    process.release()


def test_a_base_image_of_another_content_gives_another_image_and_identity(
    make_executor, plain, engine, removed
):
    removed.append("cellwright-test:moving")
    before = make_executor()
    environment = replace(plain, base_image="cellwright-test:moving")
    engine.client.tag(plain.base_image, "cellwright-test", "moving")
    first = (before.image(environment), before.identity(environment))

    for _ in engine.client.build(
        fileobj=_context(f"FROM {plain.base_image}\nENV MOVED=1\n"),
        custom_context=True,
        tag="cellwright-test:moving",
        rm=True,
        decode=True,
    ):
        pass
    after = make_executor()

    assert after.image(environment) != first[0]
    assert after.identity(environment) != first[1]


def _context(text):
    import io

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    buffer.seek(0)
    return buffer


def test_identity_needs_no_built_image_and_is_the_same_in_another_process(make_executor, plain):
    environment = replace(plain, lock="a==1 --hash=sha256:00\n")

    assert make_executor().identity(environment) == make_executor().identity(environment)
    assert make_executor().identity(environment) != make_executor().identity(plain)


def test_without_a_base_image_the_one_made_here_is_taken(make_executor, plain):
    executor = make_executor()

    assert executor.identity(replace(plain, base_image="")) == executor.identity(plain)


def test_a_base_image_that_nobody_has_is_an_error_that_says_how_to_make_one(make_executor, plain):
    environment = replace(plain, python="3.13", base_image="localhost:9/nobody/has:this")

    with pytest.raises(EngineError, match="nobody/has") as caught:
        make_executor().prepare(environment, print)

    assert "cellwright base-image --python 3.13" in caught.value.hint


@pytest.mark.network
def test_a_build_that_fails_says_where_and_leaves_nothing(make_executor, tiny, engine, tmp_path):
    environment, wheels = tiny
    broken = replace(environment, lock=environment.lock[:-5] + "0000\n")
    executor = make_executor(wheels=wheels)

    with pytest.raises(EngineError) as caught:
        executor.prepare(broken, print)

    message = str(caught.value)
    assert "failed at: Step 5/" in message or "RUN --mount" in message
    assert "hash" in message.lower()
    assert len(message.splitlines()) < 60
    assert engine.image(executor.image(broken)) is None
    left = engine.client.containers(all=True, filters={"label": "cellwright.stage"})
    assert [row for row in left if "cellwright.run" not in row["Labels"]] == []


@pytest.mark.network
def test_a_build_that_is_cancelled_ends_and_leaves_no_container(make_executor, tiny, engine):
    environment, wheels = tiny
    executor = make_executor(wheels=wheels)

    def say(line):
        if "RUN export" in line or "RUN --mount" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executor.prepare(environment, say)

    mine = {"label": "cellwright.stage", "status": "running"}
    until = time.monotonic() + 10
    while engine.client.containers(filters=mine) and time.monotonic() < until:
        time.sleep(0.1)
    assert engine.client.containers(filters=mine) == []
    assert engine.image(executor.image(environment)) is None


def test_a_build_that_was_cut_off_is_cleared_away(ready, plain, engine):
    facts = engine.image(ready.image(plain))
    left = engine.client.create_container(facts.id, labels={}, entrypoint=["/bin/true"])["Id"]
    engine.client.start(left)
    engine.client.wait(left)

    removed = ready.reap()

    assert f"build container {left[:12]}" in removed


def test_the_current_interpreter_is_refused(executor, plain):
    with pytest.raises(UsageError, match="current"):
        executor.prepare(replace(plain, interpreter=sys.executable), print)


@pytest.mark.network
def test_no_secret_of_this_machine_is_in_a_layer_the_history_or_the_image(
    make_executor, tiny, tmp_path, engine, removed
):
    environment, wheels = tiny
    canaries = {
        "UV_INDEX_URL": "https://user:CANARY@index.example/simple",
        "PIP_INDEX_URL": "https://user:CANARY@index.example/simple",
        "CLOUD_TOKEN": "CANARY",
        "http_proxy": "http://user:CANARY@127.0.0.1:9",
        "no_proxy": "*",
    }
    environment = replace(environment, system_packages=("tzdata",))
    executor = make_executor(wheels=wheels, environ={**os.environ, **canaries})
    name = executor.image(environment)
    removed.append(name)
    words = []

    executor.prepare(environment, words.append)

    saved = tmp_path / "image.tar"
    with saved.open("wb") as handle:
        for chunk in engine.client.get_image(name):
            handle.write(chunk)
    assert "CANARY" not in "".join(words)
    assert "CANARY" not in str(engine.client.history(name))
    assert "CANARY" not in str(engine.client.inspect_image(name))
    assert b"CANARY" not in saved.read_bytes()


@pytest.fixture
def kit():
    """Return the environment of a machine whose docker has buildx."""
    if not BuildKit(os.environ).version():
        pytest.skip("docker has no buildx here")
    return dict(os.environ)


@pytest.fixture
def no_docker(tmp_path):
    """Return an environment in which no docker client, and so no buildx, is found."""
    return {**os.environ, "PATH": str(tmp_path)}


@pytest.mark.buildx
@pytest.mark.network
def test_buildkit_gives_what_the_classic_builder_gives(
    make_executor, tiny, tmp_path, removed, engine, kit, no_docker
):
    environment, wheels = tiny
    program = """
import glob, hashlib, json, os
paths = glob.glob("/opt/**", recursive=True, include_hidden=True)
print(json.dumps({path: hashlib.sha256(open(path, "rb").read()).hexdigest()
                  for path in paths if os.path.isfile(path)}))
"""
    said = []
    for name, environ in (("a1", kit), ("a2", no_docker)):
        executor = make_executor(wheels=wheels, environ=environ)
        image = executor.image(environment)
        removed.append(image)
        assert executor.prepare(environment, print)
        process = executor.start(attempt(tmp_path / name, program, environment=environment))
        assert process.wait(30).exit_code == 0
        said.append(json.loads(engine.client.logs(process._container)))
        process.release()
        engine.client.remove_image(image, force=True)

    assert said[0] == said[1]
    assert any(path.endswith("/tiny.py") for path in said[0])


@pytest.mark.buildx
@pytest.mark.network
def test_a_build_that_fails_in_buildkit_says_where(make_executor, tiny, engine, kit):
    environment, wheels = tiny
    broken = replace(environment, lock=environment.lock[:-5] + "0000\n")
    executor = make_executor(wheels=wheels, environ=kit)

    with pytest.raises(EngineError) as caught:
        executor.prepare(broken, print)

    assert "RUN --mount" in str(caught.value)
    assert "hash" in str(caught.value).lower()
    assert engine.image(executor.image(broken)) is None


def test_buildx_that_is_not_there_has_no_version(tmp_path):
    assert BuildKit({"PATH": str(tmp_path), "HOME": str(tmp_path)}).version() == ""
