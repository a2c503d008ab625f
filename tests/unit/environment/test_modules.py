"""Local modules go along with the step that imports them, as the kernel would find them."""

import pytest

from cellwright.environment import modules
from cellwright.environment.distributions import read_installed
from cellwright.environment.files import FileDigests
from cellwright.environment.memo import MemoryMemo
from cellwright.environment.modules import ImportSearch, bundle
from cellwright.environment.source_imports import search_edits, source_imports
from support.installing import install, interpreter


@pytest.fixture
def nb(tmp_path):
    folder = tmp_path / "nb"
    folder.mkdir()
    return folder


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    install(folder, "numpy", files={"numpy/__init__.py": ""})
    return folder


@pytest.fixture
def take(nb, site):
    def take(source, *, last=(), search=()):
        memo = MemoryMemo()
        python = interpreter(site, *search)
        first, appended = search_edits(source, str(nb))
        looked_up = ImportSearch(
            python,
            lambda: read_installed(python, memo=memo),
            first=[*first, str(nb)],
            last=[*appended, *last],
        )
        return bundle(
            source_imports(source), search=looked_up, digests=FileDigests(memo), memo=memo
        )

    return take


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def outside(found):
    return {one.wanted.module for one in found.outside}


def test_a_file_beside_the_notebook_goes_along_with_what_it_imports(nb, take):
    write(nb, helpers="import deeper, numpy, json\n", deeper="import yaml\n", unused="")

    found = take("import helpers\n")

    assert list(found.files) == ["deeper.py", "helpers.py"]
    assert outside(found) == {"numpy", "yaml"}


def test_a_file_beside_the_notebook_wins_over_a_distribution(nb, take):
    write(nb, numpy="")

    assert list(take("import numpy\n").files) == ["numpy.py"]


def test_a_folder_without_init_loses_to_a_distribution(nb, take):
    write(nb, numpy__data="")

    assert not take("import numpy\n").files


def test_a_package_comes_whole_with_the_data_beside_its_code(nb, take):
    package = nb / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("import numpy\n")
    (package / "two.py").write_text("import torch\n")
    (package / "words.json").write_text("[]")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "one.pyc").write_text("")

    found = take("from pkg import one\n")

    assert list(found.files) == ["pkg/__init__.py", "pkg/one.py", "pkg/two.py", "pkg/words.json"]
    assert outside(found) == {"numpy"}  # `two` is never imported: torch is not needed.


def test_relative_imports_are_followed(nb, take):
    package = nb / "pkg" / "sub"
    package.mkdir(parents=True)
    (nb / "pkg" / "__init__.py").write_text("from .sub import deep\n")
    (package / "__init__.py").write_text("")
    (package / "deep.py").write_text("from .. import other\nfrom ..other import x\n")
    (nb / "pkg" / "other.py").write_text("import requests\n")

    assert outside(take("import pkg\n")) == {"requests"}


def test_modules_that_import_each_other_end(nb, take):
    write(nb, one="import two\n", two="import one\n")

    assert list(take("import one\n").files) == ["one.py", "two.py"]


def test_of_a_folder_without_init_only_what_is_imported_goes_along(nb, take):
    (nb / "src").mkdir()
    (nb / "src" / "clean.py").write_text("import numpy\n")
    (nb / "src" / "huge.bin").write_text("x")

    found = take("from src.clean import f\n")

    assert list(found.files) == ["src/clean.py"]
    assert outside(found) == {"numpy"}


@pytest.mark.parametrize(
    "edit",
    [
        'sys.path.insert(0, "../lib")',
        'sys.path.append("../lib")',
        'sys.path.append(os.path.abspath(os.path.join("..", "lib")))',
        'sys.path.insert(0, str(Path("..") / "lib"))',
        'sys.path.insert(0, str(Path.cwd().parent / "lib"))',
        'sys.path += ["../lib"]',
        'sys.path.extend([os.path.join(os.getcwd(), os.pardir, "lib")])',
    ],
)
def test_folders_that_the_notebook_adds_to_the_search_path_count(nb, take, edit):
    lib = nb.parent / "lib"
    lib.mkdir()
    (lib / "tools.py").write_text("import numpy\n")

    found = take(f"import sys, os\nfrom pathlib import Path\n{edit}\nimport tools\n")

    assert list(found.files) == ["tools.py"]


def test_the_source_of_an_editable_install_goes_along(nb, tmp_path, take):
    source = tmp_path / "project" / "src"
    (source / "mine").mkdir(parents=True)
    (source / "mine" / "__init__.py").write_text("import numpy\n")

    found = take("import mine\n", search=[source])

    assert list(found.files) == ["mine/__init__.py"]


def test_a_module_that_is_not_python_is_told_with_its_line(nb, take):
    write(nb, broken="x = 1\ndef f(:\n")

    (trouble,) = take("import broken\n").troubles

    assert trouble.file.endswith("broken.py")
    assert trouble.line == 2
    assert "not valid Python" in trouble.text


def test_a_package_that_is_too_large_is_told(nb, take, monkeypatch):
    monkeypatch.setattr(modules, "SIZE_LIMIT", 10)
    (nb / "big").mkdir()
    (nb / "big" / "__init__.py").write_text("x = 'more than ten bytes'\n")

    (trouble,) = take("import big\n").troubles

    assert "at most" in trouble.text


def test_line_ends_and_a_byte_order_mark_do_not_change_the_digest(nb, take):
    (nb / "one.py").write_bytes(b"import json\nx = 1\n")
    unix = take("import one\n").files["one.py"].digest
    (nb / "one.py").write_bytes(b"\xef\xbb\xbfimport json\r\nx = 1\r\n")

    assert take("import one\n").files["one.py"].digest == unix


def test_guarded_imports_are_optional_and_typing_only_ones_are_none():
    source = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import seen_by_checkers\nelse:\n    import at_run_time\n"
        "try:\n    import fast\nexcept ImportError:\n    import slow\n"
        "try:\n    import must\nexcept ValueError:\n    pass\n"
        "def f():\n    from late import x\n"
        "mod = __import__('named')\n"
    )

    found = {one.module: one.optional for one in source_imports(source)}

    assert found == {
        "typing": False,
        "at_run_time": False,
        "fast": True,
        "slow": True,
        "must": False,
        "late": False,
        "named": True,
    }
