"""Owns the executor and environment that the tests of containers share."""

import os

import pytest

from cellwright.environment.image import dockerfile
from cellwright.execution.docker import DockerExecutor
from cellwright.model.pipeline import Environment
from support.bare import BARE


def no_wheels(environment, folder, say):
    raise AssertionError("nothing is locked, so no wheel is wanted")


@pytest.fixture
def make_executor(engine, base_image, tmp_path):
    """Return a maker of executors in this test's workspace; what they left is removed."""
    made = []

    def make(**options):
        settings = {
            "dockerfile": dockerfile,
            "wheels": no_wheels,
            "runtime": BARE,
            "environ": dict(os.environ),
            **options,
        }
        executor = DockerExecutor(tmp_path / ".cellwright", **settings)
        made.append(executor)
        return executor

    yield make
    for executor in made:
        mine = {"label": f"cellwright.workspace={executor._workspace}"}
        for row in engine.client.containers(all=True, filters=mine):
            engine.client.remove_container(row["Id"], force=True)


@pytest.fixture
def executor(make_executor):
    return make_executor()


@pytest.fixture(scope="session")
def plain(base_image):
    """Return an environment with nothing but the standard library."""
    return Environment(python="3.11", lock="", base_image=base_image, platform="linux/amd64")


@pytest.fixture
def ready(executor, plain):
    """Return an executor whose image is built."""
    executor.prepare(plain, print)
    return executor
