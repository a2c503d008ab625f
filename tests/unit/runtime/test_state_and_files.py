"""That state of the process and files travel, and that files do so safely."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from cellwright.runtime.faults import StepFault
from cellwright.runtime.file_ports import unpack
from support.attempts import PortSpec, Steps, port_of

# port: (what sets it, what shows it; the second runs in the next step)
STATES = {
    "state:random": (
        "random.seed(7)\nrandom.random()",
        "random.random(), random.gauss(0, 1), random.gauss(0, 1)",
    ),
    "state:numpy.random": ("np.random.seed(0)\nnp.random.randn()", "np.random.rand(), np.random.randn()"),
    "state:environ": (
        "os.environ['NB_MODE'] = 'fast'\nos.environ.pop('NB_GONE')",
        "os.environ.get('NB_MODE'), os.environ.get('NB_GONE')",
    ),
    "state:cwd": (
        "os.makedirs('sub/b', exist_ok=True)\nos.chdir('sub/b')",
        "os.path.relpath(os.getcwd(), os.environ.get('ROOT', '/')).endswith('sub/b')",
    ),
    "state:warnings": (
        "warnings.simplefilter('error', UserWarning)\nwarnings.filterwarnings('ignore', 'x.*', module='m')",
        "warnings.filters[:2]",
    ),
    "state:pandas.options": (
        "pd.set_option('display.precision', 1)\npd.reset_option('display.max_rows')",
        "pd.Series([1.23456]).to_string(), pd.get_option('display.max_rows')",
    ),
    "state:numpy.errstate": ("np.seterr(divide='raise')\nnp.setbufsize(4096)", "np.geterr(), np.getbufsize()"),
    "state:numpy.printoptions": ("np.set_printoptions(precision=2)", "str(np.array([1.23456]))"),
    "state:matplotlib.rcparams": ("plt.rcParams['font.size'] = 33", "plt.rcParams['font.size']"),
    "state:sklearn.config": (
        "sklearn.set_config(transform_output='pandas')",
        "sklearn.get_config()['transform_output']",
    ),
    "state:decimal": (
        "decimal.getcontext().prec = 4\ndecimal.getcontext().traps[decimal.Inexact] = False",
        "decimal.Decimal(1) / 3, decimal.getcontext()",
    ),
    "state:locale": ("locale.setlocale(locale.LC_NUMERIC, 'C')", "locale.setlocale(locale.LC_NUMERIC)"),
}  # fmt: skip

IMPORTS = {
    "state:pandas.options": "import pandas as pd\npd.set_option('display.max_rows', 7)",
    "state:matplotlib.rcparams": "import matplotlib.pyplot as plt",
    "state:sklearn.config": "import sklearn",
    "state:numpy.random": "import numpy as np",
    "state:numpy.errstate": "import numpy as np",
    "state:numpy.printoptions": "import numpy as np",
}
PLAIN = "import os, random, warnings, decimal, locale, sys"


@pytest.mark.parametrize("port", STATES)
def test_state_is_in_the_next_step_what_it_was_and_its_change_is_told(
    steps: Steps, port: str
) -> None:
    change, show = STATES[port]
    imports = IMPORTS.get(port, PLAIN)
    variables = {"NB_GONE": "x"}
    first = steps.ok(change, outputs=(port_of(port),), definitions=imports, variables=variables)
    second = steps.ok(
        f"print({show})", inputs=((first, port),), definitions=imports, variables=variables
    )
    together = steps.ok(change, f"print({show})", definitions=imports, variables=variables)

    assert second.stdout == together.stdout
    if port != "state:locale":
        assert first.manifest.state_changed == [port]


IN_A_LOOP = ("state:numpy.errstate", "state:numpy.printoptions", "state:decimal")


@pytest.mark.parametrize("port", IN_A_LOOP)
def test_state_that_is_kept_in_context_variables_outlives_its_statement(
    steps: Steps, port: str
) -> None:
    change, show = STATES[port]
    imports = f"import asyncio, decimal\n{IMPORTS.get(port, '')}"
    first = steps.ok(change, outputs=(port,), definitions=imports)
    second = steps.ok(f"print({show})", inputs=((first, port),), definitions=imports)
    bare = steps.ok(change, f"print({show})", definitions=imports.replace("asyncio, ", ""))

    assert second.stdout == bare.stdout
    assert steps.ok(change, f"print({show})", definitions=imports).stdout == bare.stdout
    assert first.manifest.state_changed == [port]


def test_the_import_path_is_restored_for_the_folder_of_the_next_step(steps: Steps) -> None:
    first = steps.ok(
        "sys.path.insert(0, 'lib')\nsys.path.append(os.getcwd() + '/more')",
        outputs=(port_of("state:sys.path"),),
        definitions="import os, sys",
    )
    attempt = steps.lay("import nb_helper\nprint(nb_helper.K, sys.path[-1] == os.getcwd() + '/more')",
        definitions="import os, sys", inputs=((first, "state:sys.path"),))  # fmt: skip
    (attempt / "work" / "lib").mkdir()
    (attempt / "work" / "lib" / "nb_helper.py").write_text("K = 8")

    assert steps.finish(attempt, steps.start(attempt)).stdout == "8 True\n"


def test_seeding_in_a_shared_cell_does_not_count_where_state_comes_in(steps: Steps) -> None:
    imports = "import numpy as np\nnp.random.seed(42)"
    first = steps.ok(
        "u = np.random.rand()", outputs=("u", "state:numpy.random"), definitions=imports
    )
    second = steps.ok(
        "print(u == np.random.rand())",
        inputs=((first, "u"), (first, "state:numpy.random")),
        definitions=imports,
    )

    assert second.stdout == "False\n"


def test_state_of_a_library_that_nobody_used_is_absent_and_what_came_in_passes_through(
    steps: Steps,
) -> None:
    unused = steps.ok("x = 1", outputs=("state:decimal",))
    used = steps.ok(
        "decimal.getcontext().prec = 4", outputs=("state:decimal",), definitions="import decimal"
    )
    passing = steps.ok("y = 1", inputs=((used, "state:decimal"),), outputs=("state:decimal",))

    assert unused.manifest.absent == ["state:decimal"]
    assert passing.artifact("state:decimal").digest == used.artifact("state:decimal").digest


def test_drawing_from_a_generator_imported_late_is_told(steps: Steps) -> None:
    attempt = steps.ok("import random\nx = random.random()", "import decimal")

    assert attempt.manifest.state_changed == ["state:random"]


def test_files_travel_one_by_one_by_pattern_and_by_folder(steps: Steps) -> None:
    first = steps.ok(
        "import os\nos.makedirs('out/deep')\nopen('out/deep/a.txt', 'w').write('a')\n"
        "open('one.csv', 'w').write('v\\n1\\n')\nos.mkdir('empty')\n"
        "for i in range(3): open(f'chunk_{i}.txt', 'w').write(str(i))\n"
        "open('run.sh', 'w').write('#!/bin/sh\\necho run')\nos.chmod('run.sh', 0o755)",
        outputs=("file:one.csv", "file:chunk_*.txt", "file:out", "file:empty", "file:run.sh"),
    )
    second = steps.ok(
        "import glob, os, subprocess\nprint(open('one.csv').read().split(), sorted(glob.glob('chunk_*')),"
        " open('out/deep/a.txt').read(), os.listdir('empty'))\n"
        "print(subprocess.run(['./run.sh'], capture_output=True, text=True).stdout.strip())",
        inputs=tuple((first, port) for port in first_ports(first)),
    )

    assert second.stdout == "['v', '1'] ['chunk_0.txt', 'chunk_1.txt', 'chunk_2.txt'] a []\nrun\n"
    one = first.artifact("file:one.csv")
    assert (first.folder / one.path).read_bytes() == b"v\n1\n"
    assert one.serializer == "file"


def test_the_bytes_of_files_do_not_tell_when_and_in_which_order_they_were_made(
    steps: Steps,
) -> None:
    digests = {
        steps.ok(
            f"import time\nfor n in {order}: open(n, 'w').write(n)\ntime.sleep(0.01)",
            outputs=("file:*.t",),
        )
        .artifact("file:*.t")
        .digest
        for order in (["a.t", "b.t"], ["b.t", "a.t"])
    }

    assert len(digests) == 1


@pytest.mark.parametrize(
    "make",
    [
        "os.symlink('/etc/passwd', 'out/x')",
        "os.symlink('../out', 'out/x')",
        "os.mkfifo('out/x')",
        "import socket; socket.socket(socket.AF_UNIX).bind('out/x')",
    ],
)
def test_what_is_no_file_does_not_travel(steps: Steps, make: str) -> None:
    attempt = steps.run(f"import os\nos.mkdir('out')\n{make}", outputs=("file:out",), timeout=20)

    assert attempt.manifest.error.kind == "output"
    assert "`x` is" in attempt.manifest.error.message


def test_a_file_that_nobody_wrote_is_an_error_unless_it_is_optional(steps: Steps) -> None:
    strict = steps.run("x = 1", outputs=("file:a.csv",))
    lenient = steps.ok("x = 1", outputs=(PortSpec("file:a.csv", "file", optional=True),))

    assert "no file matches `a.csv`" in strict.manifest.error.message
    assert lenient.manifest.absent == ["file:a.csv"]


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "link/evil", "a/../../../evil"])
def test_an_archive_cannot_write_outside_of_the_steps_files(tmp_path: Path, name: str) -> None:
    work = tmp_path / "attempt" / "work"
    work.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (work / "link").symlink_to(tmp_path / "elsewhere")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    (tmp_path / "packed").write_bytes(packed.getvalue())

    with pytest.raises(StepFault):
        unpack("file:out", str(tmp_path / "packed"), {"layout": "tar"}, str(work), str(work))

    assert not any(path.name == "evil" for path in tmp_path.rglob("*"))
    assert not os.path.exists("/tmp/evil")


def test_an_archive_with_links_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("x")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    (tmp_path / "packed").write_bytes(packed.getvalue())

    with pytest.raises(StepFault, match="no file"):
        unpack("file:x", str(tmp_path / "packed"), {"layout": "tar"}, str(tmp_path), str(tmp_path))


def test_files_that_are_opened_are_noted(steps: Steps) -> None:
    attempt = steps.lay(
        "open('in.csv').read()\nopen('out.csv', 'w').write('x')\nimport sqlite3\n"
        "sqlite3.connect('nb.db').execute('create table t (v int)')\nimport json\nopen('/proc/self/stat')"
    )
    (attempt / "work" / "in.csv").write_text("v")

    manifest = steps.finish(attempt, steps.start(attempt)).manifest

    assert manifest.files_read == ["in.csv", "nb.db"]
    assert manifest.files_written == ["nb.db", "out.csv"]


def test_paths_are_relative_to_the_notebooks_folder(steps: Steps) -> None:
    first = steps.ok(
        "open('../data/new.csv', 'w').write('5')\nprint(open('../data/old.csv').read())",
        cwd="work/notebooks",
        outputs=("file:../data/new.csv",),
        files={"work/data/old.csv": "4"},
    )
    second = steps.ok(
        "print(open('../data/new.csv').read())",
        cwd="work/notebooks",
        inputs=((first, "file:../data/new.csv"),),
        files={"work/data/old.csv": "4"},
    )

    assert (first.stdout, second.stdout) == ("4\n", "5\n")
    assert first.manifest.files_read == ["../data/old.csv"]


def first_ports(attempt) -> list[str]:
    return [member for each in attempt.manifest.artifacts for member in each.members]
