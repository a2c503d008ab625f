"""An import belongs to the distribution that installed its files."""

import json

import pytest

from cellwright.environment.distributions import normalize, read_installed
from cellwright.environment.memo import MemoryMemo
from support.installing import install, interpreter


def index(*sites, memo=None):
    return read_installed(interpreter(*sites), memo=memo or MemoryMemo())


@pytest.mark.parametrize(
    ("module", "name", "files"),
    [
        ("sklearn.svm", "scikit-learn", {"sklearn/__init__.py": "", "sklearn/svm/__init__.py": ""}),
        ("yaml", "PyYAML", {"yaml/__init__.py": "", "_yaml/__init__.py": ""}),
        ("six", "six", {"six.py": ""}),
        ("_cffi_backend", "cffi", {"_cffi_backend.cpython-311-x86_64-linux-gnu.so": ""}),
        ("fast", "fast-abi", {"fast.abi3.so": ""}),
        ("mpl_toolkits.mplot3d", "matplotlib", {"mpl_toolkits/mplot3d/__init__.py": ""}),
    ],
)
def test_files_decide_not_names(tmp_path, module, name, files):
    install(tmp_path, name, files=files)

    assert index(tmp_path).providers(module) == (normalize(name),)


def test_an_import_that_nobody_installed_is_unknown(tmp_path):
    install(tmp_path, "alpha", files={"alpha/__init__.py": ""})

    assert index(tmp_path).providers("alpha_extra") == ()


def test_parts_of_a_namespace_have_their_own_owners(tmp_path):
    install(tmp_path, "cloud-storage", files={"google/cloud/storage/__init__.py": ""})
    install(tmp_path, "cloud-query", files={"google/cloud/query/__init__.py": ""})
    install(tmp_path, "protobuf", files={"google/protobuf/__init__.py": ""})

    found = index(tmp_path)

    assert found.providers("google.cloud.storage.blob") == ("cloud-storage",)
    assert found.providers("google.protobuf") == ("protobuf",)
    assert found.providers("google.cloud", ["query"]) == ("cloud-query",)
    assert found.providers("google.cloud") == ("cloud-query", "cloud-storage")


def test_a_namespace_with_an_init_in_each_part_works_too(tmp_path):
    common = {"sphinxcontrib/__init__.py": "# namespace\n"}
    install(tmp_path, "part-one", files={**common, "sphinxcontrib/one/__init__.py": ""})
    install(tmp_path, "part-two", files={**common, "sphinxcontrib/two.py": ""})

    assert index(tmp_path).providers("sphinxcontrib.two") == ("part-two",)


def test_of_rivals_the_one_whose_file_is_there_owns_the_module(tmp_path):
    install(tmp_path, "opencv-python", files={"cv2/__init__.py": "with windows"})
    install(tmp_path, "opencv-python-headless", files={"cv2/__init__.py": "without"})

    assert index(tmp_path).providers("cv2") == ("opencv-python-headless",)


def test_the_first_folder_on_the_search_path_wins(tmp_path):
    install(tmp_path / "user", "alpha", "2.0")
    install(tmp_path / "system", "alpha", "1.0")

    found = index(tmp_path / "user", tmp_path / "system").distributions["alpha"]

    assert (found.version, found.folder) == ("2.0", str(tmp_path / "user"))


def test_old_metadata_without_a_file_list_names_its_modules(tmp_path):
    info = tmp_path / "PyYAML-6.0.egg-info"
    info.mkdir()
    (info / "top_level.txt").write_text("_yaml\nyaml\n")

    found = index(tmp_path)

    assert found.providers("yaml") == ("pyyaml",)
    assert found.distributions["pyyaml"].version == "6.0"


def test_where_a_distribution_came_from_is_known(tmp_path):
    def add(name, url):
        install(tmp_path, name, extra_info={"direct_url.json": json.dumps(url)})

    add("edited", {"url": "file:///src/edited", "dir_info": {"editable": True}})
    add("copied", {"url": "file:///src/a%20b", "dir_info": {}})
    add("cloned", {"url": "https://host/x.git", "vcs_info": {"vcs": "git"}})
    add("wheeled", {"url": "file:///w/x.whl", "archive_info": {}})
    install(tmp_path, "plain")

    found = index(tmp_path).distributions

    sources = {name: one.source for name, one in found.items()}
    assert sources == {
        "edited": "editable",
        "copied": "folder",
        "cloned": "vcs",
        "wheeled": "file",
        "plain": "index",
    }
    assert found["copied"].location == "/src/a b"


def test_the_finder_of_an_editable_install_tells_its_sources(tmp_path):
    finder = "from __future__ import annotations\nMAPPING: dict[str, str] = {'mine': '/src/mine'}\n"
    (tmp_path / "__editable___mine_1_0_finder.py").write_text(finder)
    install(tmp_path, "mine", files={})

    assert index(tmp_path).finders == {"mine": "/src/mine"}


def test_an_unchanged_environment_is_read_once(tmp_path):
    install(tmp_path, "alpha", files={"alpha.py": ""})
    memo = MemoryMemo()
    first = index(tmp_path, memo=memo)
    # Not what an installer does: the file list changes and the metadata folder does not.
    (tmp_path / "alpha-1.0.dist-info" / "RECORD").write_text("other.py,,\n")

    assert index(tmp_path, memo=memo) == first
