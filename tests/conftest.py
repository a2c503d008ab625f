"""Owns what all suites share: real parts that a machine may lack, and when lacking is failing.

`CELLWRIGHT_REQUIRE=docker,network` names the parts that are known to be here: a test that
is marked with one of them and skipped has failed.
"""

import os

import pytest

REQUIRED = {name for name in os.environ.get("CELLWRIGHT_REQUIRE", "").split(",") if name}


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the golden files of tests/golden; without it nothing is written",
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    marks = {mark.name for mark in item.iter_markers()}
    # An engine without BuildKit's client is whole: it must be asked for by its own name.
    needed = REQUIRED & ({"buildx"} if "buildx" in marks else marks)
    if report.skipped and needed and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, though {', '.join(sorted(needed))} is required: {reason}"


@pytest.fixture(scope="session")
def engine():
    """Return a container engine that answers."""
    from cellwright.execution.docker_engine import Engine

    found = Engine()
    reason = found.unavailable()
    if reason is not None:
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def base_image(engine):
    """Return the name of a base image with Python 3.11, made from packages if need be."""
    from cellwright.environment.base_image import base_image as wanted
    from cellwright.environment.base_image import make_base_image

    image = wanted(python="3.11")
    if engine.image(image.tag) is None:
        if os.geteuid() != 0:
            pytest.skip(f"no image {image.tag}, and making one needs root")
        make_base_image(image, engine=engine, environ=os.environ, say=print)
    return image.tag
