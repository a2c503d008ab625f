"""One call gives every step its environment, modules and files."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from uv import find_uv_bin

from cellwright.base.canonical import digest_of
from cellwright.environment.index_config import IndexConfig
from cellwright.environment.interpreter import describe
from cellwright.environment.job import Pinning
from cellwright.environment.lock import read_lock
from cellwright.environment.memo import FolderMemo, MemoryMemo
from cellwright.environment.resolution import current, resolve
from cellwright.environment.source_imports import source_imports
from cellwright.environment.uv_resolver import UvResolver
from cellwright.model.options import PipelineOptions, StepOptions
from cellwright.model.pipeline import (
    Component,
    Edge,
    FileInput,
    Install,
    ModuleImport,
    Pipeline,
    Port,
    PortKind,
    PortName,
    Reason,
    StepKind,
    StepName,
)
from cellwright.model.source import CellId, Position, Span
from support.installing import install, interpreter, make_wheel


def span(number, line=1):
    return Span(CellId(f"c{number}"), number, Position(line, 0), Position(line, 10))


def step(name, program, *, number=3, inputs=(), installs=(), files=(), types=None, **options):
    """Return a component as the compiler would give it for a cell with this program."""
    lines = program.splitlines()
    return Component(
        step=StepName(name),
        kind=StepKind.STEP,
        program=program,
        origins=tuple(span(number, line + 1) for line in range(len(lines))),
        body_line=1,
        cells=(),
        fingerprint=digest_of(program),
        inputs=tuple(
            Port(
                PortName(port), PortKind.VALUE, (Reason(span(number), ""),), (types or {}).get(port)
            )
            for port in inputs
        ),
        outputs=(),
        parameters=(),
        parameter_slots=(),
        metrics=(),
        definitions=(),
        imports=tuple(
            ModuleImport(one.module, span(number, one.line), one.optional)
            for one in source_imports(program)
        ),
        installs=tuple(Install(text, span(number)) for text in installs),
        files=tuple(FileInput(pattern, span(number)) for pattern in files),
        options=StepOptions(**options),
    )


def pipeline(*steps, edges=(), **options):
    return Pipeline(
        "p",
        {one.step: one for one in steps},
        tuple(Edge(StepName(a), StepName(b), PortName(port)) for a, b, port in edges),
        (),
        options=PipelineOptions(**options),
    )


class Place:
    """A notebook's folder, a kernel's site-packages, and a shelf of the same wheels."""

    def __init__(self, root):
        self.nb = root / "nb"
        self.site = root / "site"
        self.shelf = root / "shelf"
        self.memo = FolderMemo(root / "memo")
        self.said = []
        for folder in (self.nb, self.site, self.shelf):
            folder.mkdir()

    def offer(self, name, version="1.0", *, requires=(), installed=True, code=""):
        make_wheel(self.shelf, name, version, requires=requires)
        if installed:
            module = f"{name.replace('-', '_')}.py"
            install(self.site, name, version, files={module: code}, requires=requires)

    def resolve(self, pipe, **options):
        config = IndexConfig(find_links=(str(self.shelf),), no_index=True)
        environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        return resolve(
            pipe,
            **{
                "notebook_folder": self.nb,
                "interpreter": interpreter(self.site),
                "base_image_for": lambda _: "base@sha256:1",
                "executor_platform": "",
                "memo": self.memo,
                "say": self.said.append,
                "resolver": UvResolver(config, environ),
                **options,
            },
        )


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path)
    found.offer("alpha", "1.0", requires=["leaf"])
    found.offer("beta", "2.0")
    found.offer("leaf", "1.0")
    make_wheel(found.shelf, "leaf", "2.0")
    return found


def names(resolution, step):
    return [pin.distribution for pin in read_lock(resolution.environments[StepName(step)].lock)]


def codes(resolution):
    return [one.rule.code for one in resolution.report]


def test_each_step_is_locked_to_what_it_reaches_at_the_kernels_versions(place):
    found = place.resolve(pipeline(step("a", "import alpha\n"), step("b", "import beta, json\n")))

    assert names(found, "a") == ["alpha", "leaf"]
    assert names(found, "b") == ["beta"]
    assert "leaf==1.0" in found.environments[StepName("a")].lock
    assert codes(found) == []


def test_steps_with_equal_needs_share_one_environment(place):
    found = place.resolve(
        pipeline(step("a", "import alpha\n"), step("b", "import leaf\nfrom alpha import x\n"))
    )

    assert found.environments[StepName("a")] == found.environments[StepName("b")]


def test_a_step_that_is_given_a_value_has_what_its_producer_has(place):
    (place.nb / "classes.py").write_text("import beta\n")
    found = place.resolve(
        pipeline(
            step("make", "import alpha, classes\n"),
            step("pass_on", "print(x)\n", inputs=["x"]),
            step("use", "print(x)\n", inputs=["x"]),
            step("count", "print(n)\n", inputs=["n"], types={"n": "int"}),
            edges=[("make", "pass_on", "x"), ("pass_on", "use", "x"), ("make", "count", "n")],
        )
    )

    assert names(found, "use") == ["alpha", "beta", "leaf"]
    assert list(found.modules[StepName("use")]) == ["classes.py"]
    assert names(found, "count") == []


def test_optional_dependencies_that_are_present_come_along(place):
    place.offer(
        "frames", requires=['beta; extra == "all"', 'gone; extra == "all"'], code="import beta"
    )

    assert names(place.resolve(pipeline(step("a", "import frames\n"))), "a") == ["beta", "frames"]


def test_nothing_changed_asks_nobody(place):
    pipe = pipeline(step("a", "import alpha\n"))
    first = place.resolve(pipe)

    second = place.resolve(pipe, resolver=None, interpreter=interpreter(place.site))

    assert second.environments == first.environments
    assert place.said == ["resolving 1 distribution", "locking 2 distributions with hashes"]


def test_an_upgrade_in_the_kernel_moves_the_lock(place):
    pipe = pipeline(step("a", "import leaf\n"))
    before = place.resolve(pipe).environments[StepName("a")].lock
    (place.site / "leaf-1.0.dist-info").rename(place.site / "leaf-2.0.dist-info")

    after = place.resolve(pipe).environments[StepName("a")].lock

    assert (before[:9], after[:9]) == ("leaf==1.0", "leaf==2.0")


def test_an_unknown_import_is_an_error_that_says_how_to_mend_it(place):
    (place.nb / "helpers.py").write_text("")
    found = place.resolve(pipeline(step("a", "x = 1\nimport helper\n", number=4)))

    (diagnostic,) = found.report
    assert diagnostic.rule.code == "ENV401"
    assert "`helper`" in diagnostic.message
    assert (diagnostic.primary.span.number, diagnostic.primary.span.start.line) == (4, 2)
    assert any("`helpers`" in note for note in diagnostic.notes)
    assert any("%pip install" in note for note in diagnostic.notes)
    assert found.environments == {}


def test_an_unknown_import_of_a_local_module_is_placed_in_the_notebook(place):
    (place.nb / "helpers.py").write_text("import nobody\n")

    (diagnostic,) = place.resolve(pipeline(step("a", "x = 1\nimport helpers\n"))).report

    assert diagnostic.rule.code == "ENV401"
    assert diagnostic.primary.span.start.line == 2


def test_an_optional_import_that_is_missing_is_no_matter(place):
    program = "try:\n    import nobody\nexcept ImportError:\n    nobody = None\n"

    assert codes(place.resolve(pipeline(step("a", program)))) == []


def test_a_local_module_with_a_syntax_error_is_refused(place):
    (place.nb / "bad.py").write_text("x = (\n")

    (diagnostic,) = place.resolve(pipeline(step("a", "import bad\n"))).report

    assert diagnostic.rule.code == "ENV403"
    assert "bad.py:1" in diagnostic.message


def test_a_file_that_hides_a_standard_module_is_refused(place):
    (place.nb / "statistics.py").write_text("")

    (diagnostic,) = place.resolve(pipeline(step("a", "import statistics\n"))).report

    assert diagnostic.rule.code == "ENV403"
    assert "hides the module `statistics`" in diagnostic.message


def test_an_install_line_that_the_kernel_meets_changes_nothing(place):
    found = place.resolve(pipeline(step("a", "x = 1\n", installs=["alpha>=0.5"])))

    assert names(found, "a") == ["alpha", "leaf"]
    assert codes(found) == []


def test_an_install_line_that_the_kernel_does_not_meet_is_followed_and_told(place):
    place.offer("top", "1.0", requires=["leaf"])
    found = place.resolve(pipeline(step("a", "import top, leaf\n", installs=["leaf==2.0"])))

    assert "leaf==2.0" in found.environments[StepName("a")].lock
    assert codes(found) == ["ENV404"]


def test_what_an_install_line_moves_is_told(place):
    make_wheel(place.shelf, "beta", "3.0", requires=["leaf>=2"])
    program = "import beta, leaf\n"
    found = place.resolve(pipeline(step("a", program, installs=["beta==3.0"])))

    assert "leaf==2.0" in found.environments[StepName("a")].lock
    assert any("leaf 1.0 → 2.0" in one.message for one in found.report)


def test_a_distribution_that_is_only_asked_for_provides_the_unknown_import(place):
    place.offer("scikit-new", installed=False)
    found = place.resolve(
        pipeline(
            step("a", "x = 1\n", installs=["scikit-new"]),
            step("b", "import sknew\n"),
            step("c", "import beta\n"),
        )
    )

    assert names(found, "b") == ["scikit-new"]
    assert names(found, "c") == ["beta"]
    assert set(codes(found)) == {"ENV404"}


def test_requirements_in_the_options_count_for_a_step_or_for_all(place):
    found = place.resolve(
        pipeline(
            step("a", "x = 1\n", requirements=("alpha",)),
            step("b", "x = 1\n"),
            requirements=("beta",),
        )
    )

    assert names(found, "a") == ["alpha", "beta", "leaf"]
    assert names(found, "b") == ["beta"]


@pytest.mark.parametrize(
    ("text", "code"), [("alpha=>1", "NB008"), ("x @ https://u:CANARY@h/x-1.0.whl", "NB008")]
)
def test_an_install_line_that_cannot_be_locked_is_told_without_secrets(place, text, code):
    found = place.resolve(pipeline(step("a", "x = 1\n", installs=[text])))

    assert codes(found) == [code]
    assert "CANARY" not in repr(list(found.report))


def test_requirements_that_exclude_each_other_are_reported_at_their_place(place):
    found = place.resolve(
        pipeline(
            step("a", "x = 1\n", installs=["leaf<2"], number=5),
            step("b", "x = 1\n", installs=["leaf>=2"], number=6),
        )
    )

    errors = [one for one in found.report if one.rule.code == "ENV402"]
    assert [one.primary.span.number for one in errors] == [5]
    assert any("leaf" in note for note in errors[0].notes)
    assert found.environments == {}


def test_a_version_that_no_index_has_is_reported_and_may_be_relaxed(place):
    install(place.site, "rare", "9.9+local")
    make_wheel(place.shelf, "rare", "9.8")
    pipe = pipeline(step("a", "import rare\n"))

    strict = place.resolve(pipe)
    relaxed = place.resolve(pipe, pinning=Pinning.PREFERRED)

    assert codes(strict) == ["ENV402"]
    assert "9.9+local" in repr(list(strict.report))
    assert "rare==9.8" in relaxed.environments[StepName("a")].lock
    assert codes(relaxed) == ["ENV404"]


def test_an_environment_that_contradicts_its_metadata_is_locked_as_it_is(place):
    place.offer("picky", requires=["leaf>=2"])

    found = place.resolve(pipeline(step("a", "import picky\n")))

    assert "leaf==1.0" in found.environments[StepName("a")].lock


def test_what_no_index_has_travels_as_files_with_its_metadata(place):
    install(
        place.site,
        "cloned",
        files={"cloned/__init__.py": "import leaf\n"},
        requires=["leaf"],
        extra_info={
            "direct_url.json": json.dumps(
                {"url": "https://host/x.git", "vcs_info": {"vcs": "git"}}
            ),
            "entry_points.txt": "",
        },
    )

    found = place.resolve(pipeline(step("a", "import cloned\n")))

    assert names(found, "a") == ["leaf"]
    assert list(found.modules[StepName("a")]) == [
        "cloned-1.0.dist-info/METADATA",
        "cloned-1.0.dist-info/entry_points.txt",
        "cloned/__init__.py",
    ]


def test_files_are_found_and_missing_ones_told_unless_the_program_asks(place, tmp_path):
    (place.nb / "data.csv").write_text("a")
    (tmp_path / "far.csv").write_text("f")
    program = "read('data.csv')\nread('gone.csv')\n"
    asking = "os.path.exists('maybe.csv')\n"
    found = place.resolve(
        pipeline(
            step("a", program, files=["data.csv", "gone.csv", "../far.csv", "none/*.csv"]),
            step("b", asking, files=["maybe.csv"], number=4),
        )
    )

    assert sorted(found.files[StepName("a")]) == ["../far.csv", "data.csv"]
    assert found.absent[StepName("b")] == ("maybe.csv",)
    assert codes(found) == ["ART503", "ART504"]
    assert "`gone.csv`" in list(found.report)[1].message


def test_a_file_that_a_command_of_the_step_may_make_is_not_missing(place):
    plain = step("a", "run('echo 1 > new.csv')\n", files=["new.csv"])
    port = Port(PortName("file:new.csv"), PortKind.FILE, (Reason(span(3), ""),), optional=True)

    made = place.resolve(pipeline(replace(plain, outputs=(port,))))
    sure = place.resolve(pipeline(replace(plain, outputs=(replace(port, optional=False),))))

    assert codes(made) == []
    assert codes(sure) == ["ART504"]  # it reads the file first, and writes it anew


def test_a_declared_file_may_lie_anywhere(place, tmp_path):
    (tmp_path / "far.csv").write_text("f")

    plain = step("a", "x = 1\n", files=["../far.csv"])
    found = place.resolve(pipeline(plain))
    options = StepOptions(files=("../far.csv",))
    declared = place.resolve(pipeline(replace(plain, options=options)))

    assert codes(found) == ["ART503"]
    assert codes(declared) == []
    assert list(declared.files[StepName("a")]) == ["../far.csv"]


def test_the_current_environment_is_described_from_its_metadata(place):
    place.offer("other")
    found = current(
        pipeline(step("a", "import alpha\n")),
        notebook_folder=place.nb,
        interpreter=interpreter(place.site),
        memo=MemoryMemo(),
    )

    environment = found.environments[StepName("a")]
    assert environment.interpreter == sys.executable
    assert environment.lock == "alpha==1.0\nleaf==1.0\n"


def test_images_for_another_machine_are_locked_for_it(place):
    make_wheel(place.shelf, "solo").rename(
        place.shelf / "solo-1.0-cp311-cp311-manylinux_2_17_aarch64.whl"
    )
    install(place.site, "solo")
    pipe = pipeline(step("a", "import solo\n"))

    there = place.resolve(pipe, executor_platform="linux/arm64")
    here = place.resolve(pipe, executor_platform="linux/amd64")

    assert there.environments[StepName("a")].platform == "linux/arm64"
    assert codes(here) == ["ENV402"]


def test_nothing_heavy_is_imported_while_nothing_changed(place):
    code = (
        "import sys\n"
        "import cellwright.environment.resolution\n"
        "heavy = {'pip', 'requests', 'docker', 'libcst', 'IPython', 'packaging.requirements',"
        " 'importlib.metadata', 'cellwright.environment.uv_resolver'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.mark.network
@pytest.mark.slow
def test_a_real_environment_is_locked_as_it_is(tmp_path):
    venv = tmp_path / "venv"
    wanted = [
        "PyYAML",
        "Pillow",
        "opencv-python-headless",
        "attrs",
        "python-dateutil",
        "scikit-learn",
    ]
    subprocess.run([find_uv_bin(), "venv", "-q", "--python", sys.executable, venv], check=True)
    python = str(venv / "bin" / "python")
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", python, *wanted], check=True)
    program = (
        "import yaml, cv2, attr, attrs\nfrom PIL import Image\nfrom dateutil import parser\n"
        "from sklearn.svm import SVC\n"
    )
    memo = MemoryMemo()

    found = resolve(
        pipeline(step("a", program)),
        notebook_folder=tmp_path,
        interpreter=describe(python, memo=memo),
        base_image_for=lambda _: "",
        executor_platform="linux/amd64",
        memo=memo,
        say=lambda _: None,
    )

    listed = subprocess.run(
        [find_uv_bin(), "pip", "freeze", "--python", python],
        capture_output=True,
        text=True,
        check=True,
    )
    versions = dict(line.split("==") for line in listed.stdout.splitlines())
    locked = {
        pin.distribution: pin.version for pin in read_lock(found.environments[StepName("a")].lock)
    }
    assert codes(found) == []
    assert {name.lower() for name in wanted} <= set(locked)
    assert locked.items() <= versions.items()
