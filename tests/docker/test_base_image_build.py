import json
import os

import pytest

from cellwright.environment.base_image import base_image, debian_archive, make_base_image

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.network]

LOOK = """
import glob, json, os, ssl, subprocess, sys, venv
print(json.dumps({
    "python": sys.version_info[:2],
    "sources": open("/etc/apt/sources.list").read(),
    "other": glob.glob("/etc/apt/sources.list.d/*") + glob.glob("/etc/apt/auth.conf.d/*"),
    "pip": subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True,
                          text=True).stdout[:4],
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 50,
    "lists": os.listdir("/var/lib/apt/lists"),
    "compiled": os.path.exists("/usr/lib/python3.11/__pycache__/json.cpython-311.pyc")
                or bool(glob.glob("/usr/lib/python3.11/json/__pycache__/*.pyc")),
    "lang": os.environ["LANG"],
    "licences": os.path.exists("/usr/share/doc/python3/copyright"),
    "hostname": os.path.exists("/etc/machine-id") and open("/etc/machine-id").read(),
}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="making a base image needs root")
def test_a_base_image_made_from_packages_has_python_and_nothing_of_this_machine(engine):
    wanted = base_image(python="3.11", tag="cellwright-test-base:made")
    words = []
    try:
        made = make_base_image(wanted, engine=engine, environ=os.environ, say=words.append)
        container = engine.client.create_container(made, command=["python3", "-c", LOOK])["Id"]
        try:
            engine.client.start(container)
            engine.client.wait(container)
            said = engine.client.logs(container)
        finally:
            engine.client.remove_container(container, force=True)
    finally:
        if engine.image(wanted.tag) is not None:
            engine.client.remove_image(wanted.tag, force=True)

    seen = json.loads(said)
    assert seen["python"] == [3, 11]
    assert seen["sources"] == f"deb {debian_archive(os.environ)} bookworm main\n"
    assert seen["other"] == []
    assert seen["pip"] == "pip "
    assert seen["authorities"]
    assert seen["lists"] == ["partial"]
    assert seen["compiled"]
    assert seen["lang"] == "C.UTF-8"
    assert seen["licences"]
    assert not seen["hostname"]
    assert any("Debian bookworm" in line for line in words)
