"""Modules beside the notebook: what their code does counts where the notebook calls it."""

import pytest

from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.model.source import ModuleText
from support.notebooks import code, ipynb

COUNTER = """
_count = 0
SEEN = {}
LIMIT = 10


def bump():
    global _count
    _count += 1
    return _count


def note(key, value):
    SEEN[key] = value


def seen(key):
    return SEEN.get(key)


def half(value):
    return min(value, LIMIT) / 2


class Tally:
    made = 0

    def __init__(self):
        Tally.made += 1
        self.rows = []

    def add(self, row):
        self.rows.append(row)
        return self


if __name__ == "__main__":
    import sys

    sys.exit(bump())
"""


def compiled(*cells, **texts: str | ModuleText) -> Compilation:
    modules = {
        name.replace("__", "."): text if isinstance(text, ModuleText) else ModuleText(text)
        for name, text in texts.items()
    }
    return compile_notebook(ipynb(cells), path="notebook.ipynb", modules=modules)


def codes(compilation: Compilation) -> list[str]:
    return [found.rule.code for found in compilation.report]


def ports(compilation: Compilation, step: str) -> tuple[list[str], list[str]]:
    assert compilation.pipeline is not None, codes(compilation)
    component = compilation.pipeline.steps[step]
    return [port.name for port in component.inputs], [port.name for port in component.outputs]


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("counter.bump()", "print(counter.bump())", "_count"),
        ("counter.note('a', 1)", "print(counter.seen('a'))", "SEEN"),
        ("counter.note('a', 1)", "print(counter.SEEN)", "SEEN"),
        ("counter.SEEN['a'] = 1", "print(counter.seen('a'))", "SEEN"),
        ("t = counter.Tally()", "print(counter.Tally.made)", "Tally"),
        ("counter.bump.calls = 1", "print(counter.bump.calls)", "bump"),
    ],
)
def test_a_variable_that_a_step_changes_and_a_later_one_reads_is_refused(first, second, name):
    found = compiled(
        code("import counter", "imports"),
        code(first, "step:a"),
        code(second, "step:b"),
        counter=COUNTER,
    )

    [finding] = [each for each in found.report if each.rule.code == "FLOW217"]
    assert f"`{name}` in the module `counter`" in finding.message
    assert finding.primary.span.number == 2
    assert "step `b`" in finding.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("counter.bump()", "print(counter.half(3))"),
        ("print(counter.bump(), counter.bump())", "print(1)"),
        ("x = counter.seen('a')", "print(counter.seen('b'))"),
        ("print(counter.half(2))", "counter.note('a', 1)\nprint(counter.seen('a'))"),
    ],
)
def test_what_no_later_step_reads_may_be_changed(first, second):
    found = compiled(
        code("import counter", "imports"),
        code(first, "step:a"),
        code(second, "step:b"),
        counter=COUNTER,
    )

    assert codes(found) == []


def test_a_function_that_only_reads_its_argument_is_known_to():
    found = compiled(
        code("from tidy import total", "imports"),
        code("rows = [1, 2]", "step:load"),
        code("print(total(rows))", "step:first"),
        code("print(len(rows))", "step:second"),
        tidy="def total(rows):\n    return sum(rows)\n",
    )

    assert ports(found, "first") == (["rows"], [])
    assert codes(found) == []


def test_a_change_of_an_argument_makes_a_new_version_without_a_hint():
    found = compiled(
        code("from tidy import drop_first", "imports"),
        code("rows = [1, 2]", "step:load"),
        code("drop_first(rows)", "step:drop"),
        code("print(rows)", "step:show"),
        tidy="def drop_first(rows):\n    rows.pop(0)\n",
    )

    assert ports(found, "drop") == (["rows"], ["rows"])
    assert codes(found) == []


def test_seeds_and_draws_inside_a_module_carry_the_generator():
    found = compiled(
        code("import dice", "imports"),
        code("dice.start()\nprint(dice.throw())", "step:a"),
        code("print(dice.throw())", "step:b"),
        dice="import random\n\ndef start():\n    random.seed(3)\n\n"
        "def throw():\n    return random.random()\n",
    )

    assert ports(found, "b") == (["state:random"], [])


def test_options_that_a_module_sets_reach_the_steps_after():
    found = compiled(
        code("import pandas as pd\nimport look", "imports"),
        code("look.setup()\ndf = pd.DataFrame({'a': [1.5]})", "step:a"),
        code("print(df)", "step:b"),
        look="import pandas as pd\n\ndef setup():\n    pd.set_option('display.precision', 2)\n",
    )

    assert ports(found, "b")[0] == ["df", "state:pandas.options"]


def test_files_that_a_module_reads_and_writes_are_followed():
    found = compiled(
        code("import disk", "imports"),
        code("disk.save('rows.txt', '1')", "step:write"),
        code("print(disk.load('rows.txt'))", "step:read"),
        disk="def save(path, text):\n    with open(path, 'w') as handle:\n"
        "        handle.write(text)\n\n"
        "def load(path):\n    with open(path) as handle:\n        return handle.read()\n",
    )

    assert ports(found, "write")[1] == ["file:rows.txt"]
    assert ports(found, "read")[0] == ["file:rows.txt"]


def test_packages_relative_imports_and_stars_lead_to_the_same_code():
    found = compiled(
        code("import pack\nfrom pack.inner import *", "imports"),
        code("bump()", "step:a"),
        code("print(pack.bump())", "step:b"),
        pack=ModuleText("from .inner import bump\n", package=True),
        pack__inner="from .deep import *\n\ncount = 0\n\ndef bump():\n    global count\n"
        "    count = up(count)\n    return count\n",
        pack__deep="def up(value):\n    return value + 1\n",
    )

    assert codes(found) == ["FLOW217"]


REGISTRY = {
    "registry": "items = []\n",
    "plugin": "import registry\n\nregistry.items.append('csv')\n",
}


def test_what_an_import_registers_is_registered_by_every_step_that_looks():
    found = compiled(
        code("import registry\nimport plugin", "step:a"),
        code("print(registry.items)", "step:b"),
        **REGISTRY,
    )

    assert codes(found) == []
    assert found.pipeline is not None
    assert "import plugin" in found.pipeline.steps["b"].program


def test_what_an_import_inside_a_function_registers_is_refused():
    found = compiled(
        code("import registry\ndef load():\n    import plugin\nload()", "step:a"),
        code("print(registry.items)", "step:b"),
        **REGISTRY,
    )

    assert codes(found) == ["FLOW217"]


def test_modules_that_import_each_other_end():
    found = compiled(
        code("import one\nprint(one.name())", "step:a"),
        one="import two\n\ndef name():\n    return two.other()\n",
        two="import one\n\ndef other():\n    return 'x'\n",
    )

    assert codes(found) == []


@pytest.mark.parametrize("text", ["def broken(:\n", "x = " + "(" * 5000, "\0"])
def test_a_module_that_is_no_python_counts_as_unknown(text):
    found = compiled(
        code("import odd", "imports"),
        code("rows = [1]\nodd.do(rows)", "step:a"),
        code("print(rows)", "step:b"),
        odd=text,
    )

    assert ports(found, "b")[0] == ["rows"]


def test_names_of_the_notebook_are_not_names_of_the_module():
    found = compiled(
        code("import plain", "imports"),
        code("value = 1\nprint(plain.value())", "step:a"),
        code("print(plain.value(), value)", "step:b"),
        plain="def value():\n    return len(missing_here)\n",
    )

    assert ports(found, "b")[0] == ["value"]
    assert codes(found) == []


def test_a_shared_call_that_sets_a_variable_is_repeated_in_the_steps_that_use_the_module():
    found = compiled(
        code("import conf", "imports"),
        code("conf.use('fast')", "functions"),
        code("print(conf.mode())", "step:a"),
        code("print(1)", "step:b"),
        conf="_mode = 'slow'\n\ndef use(name):\n    global _mode\n    _mode = name\n\n"
        "def mode():\n    return _mode\n",
    )

    assert found.pipeline is not None
    assert "conf.use('fast')" in found.pipeline.steps["a"].program
    assert "conf" not in found.pipeline.steps["b"].program
