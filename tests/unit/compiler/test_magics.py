import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.compiler.reading.magics import Translation, is_history_name, translate

S = "__cellwright_shell__"


def said(found: Translation) -> list[tuple[int, str]]:
    return [(placed.line, placed.what.rule.code) for placed in found.remarks]


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "\nx = 1"),
        ("%load_ext autoreload\n%autoreload 2", "\n"),
        ("%config InlineBackend.figure_format = 'retina'", ""),
        ("!true", f"{S}.system('true')"),
        ("!!ls", f"{S}.getoutput('ls')"),
        ("x = !ls", f"x = {S}.getoutput('ls')"),
        ("a, b = !ls", f"a, b = {S}.getoutput('ls')"),
        ("!echo {x}", f"{S}.system('echo {{x}}', lambda: ['echo ', x])"),
        ("%sx ls", f"{S}.getoutput('ls')"),
        ("%mkdir out", f"{S}.system('mkdir out')"),
        ("%env A=b c", f"{S}.setenv('A', 'b c')"),
        ("%env A b", f"{S}.setenv('A', 'b')"),
        ("%set_env A=b", f"{S}.setenv('A', 'b')"),
        ("x = %env A", "x = __import__('os').environ['A']"),
        ("%cd 'my data'", "__import__('os').chdir('my data')"),
        ("%cd {d}", "__import__('os').chdir('{}'.format(d))"),
        ("%pwd", "__import__('os').getcwd()"),
        ("%time x = f(1)  # slow", "x = f(1)  # slow"),
        ("%time", ""),
        ("y = %time f(1)", "y = f(1)"),
        ('x = """a\n   \n b"""', 'x = """a\n\n b"""'),
        ("x = '''a\n \t\n b'''", "x = '''a\n\n b'''"),
        ("%%html\n<b>", f"{S}.show('HTML',\n    '<b>\\n')"),
        ("%%js\n1", f"{S}.show('Javascript',\n    '1\\n')"),
        ("%time !ls", f"{S}.system('ls')"),
        ("%prun -q -s cumulative f()", "f()"),
        ("%aimport a, b, -c", "import a, b"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%time\n%%capture\nx = 1", f"\n{S}.capture()\nx = 1"),
        ("%%capture out\ny = 2", f"out = {S}.capture()\ny = 2"),
        ("%%capture out --no-stderr\ny = 2", f"out = {S}.capture(stderr=False)\ny = 2"),
        ("%%bash\necho a\n\necho b", f"{S}.bash(\n    'echo a\\n'\n    '\\n'\n    'echo b\\n')"),
        ("%%bash", f"{S}.bash('')"),
        ("%%bash -e\nls", f"{S}.bash(\n    'ls\\n', program='bash -e')"),
        ("%%sh\nls", f"{S}.bash(\n    'ls\\n', program='sh')"),
        (
            "%%script python3 --no-raise-error\nx",
            f"{S}.bash(\n    'x\\n', program='python3', check=False)",
        ),
        ("%%writefile a.py\nK = 3", f"{S}.writefile('a.py',\n    'K = 3\\n')"),
        ("%%file -a 'b c'\nK", f"{S}.writefile('b c',\n    'K\\n', append=True)"),
        ("%%sx\nls", f"{S}.getoutput(\n    'ls\\n')"),
        (",f a b", 'f("a", "b")'),
        ("/f a b", "f(a, b)"),
        (">>> x = 1\n>>> x", "x = 1\nx"),
        ("In [1]: x = 1\n   ...: x", "x = 1\nx"),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
        ("\n\n%%time\nx", "\n\n\nx"),
        ("!ls \\\n  -la\nx = 1", f"{S}.system('ls    -la')\n\nx = 1"),
        (
            "for i in x:\n    !true\n    %time n += i",
            f"for i in x:\n    {S}.system('true')\n    n += i",
        ),
        ("if x:\n    %matplotlib inline", "if x:\n    pass"),
        ("s = '''\n!ls\n%time x\n'''", "s = '''\n!ls\n%time x\n'''"),
        ("x = 5 % y\nz = a != b  # 100 %?", "x = 5 % y\nz = a != b  # 100 %?"),
    ],
)
def test_notebook_syntax_becomes_python_on_the_same_lines(source: str, python: str) -> None:
    found = translate(source)

    assert found.python == python
    assert said(found) == []


@pytest.mark.parametrize(
    "source",
    [
        "%timeit -n1 x = 99",
        "%%timeit\nx = 1",
        "x?",
        "len??",
        "?x",
        "%who",
        "%%html --isolated\n<b>",
        "%debug",
        "%load_ext sql",
        "%pip list",
        "!pip freeze",
        "%env",
    ],
)
def test_what_only_tells_a_person_something_is_left_out_with_a_hint(source: str) -> None:
    found = translate(source)

    assert found.python.strip() == ""
    assert said(found) == [(1, "NB006")]


@pytest.mark.parametrize(
    "source",
    [
        "%run a.py",
        "%reset -f",
        "%store x",
        "%macro m 1",
        "%rerun",
        "%pylab",
        "%xdel x",
        "%foo",
        "%load a.py",
        "%%foo\nx",
        "%%cython\nx",
        "%%bash --out x\nls",
        "%%bash --bg\nls",
        "x = %who_ls",
        "%%capture a b\nx",
        "%%capture out\nprint(out)",
        "%%writefile\nx",
        "!sleep 9 &",
        "%precision 3",
        "x = %timeit -o f()",
        "%cd -",
        "%%time x = 1\ny",
        "%time f(\n1)",
        "%prun -r f()",
        "%",
        "%%",
    ],
)
def test_what_has_no_meaning_outside_the_notebook_is_an_error(source: str) -> None:
    assert [code for _, code in said(translate(source))] == ["NB005"]


def test_an_install_line_becomes_a_requirement_and_leaves_no_code() -> None:
    found = translate("x = 1\n%pip install -q 'a>=1' b\n!pip install c\nif x:\n    !pip install d")

    assert found.python == "x = 1\n\n\nif x:\n    pass"
    assert [(placed.line, placed.what) for placed in found.requirements] == [
        *[(2, "a>=1"), (2, "b"), (3, "c"), (5, "d")]
    ]


def test_an_install_script_becomes_requirements() -> None:
    found = translate("%%bash\npip install -q a\n# and\npip install b")

    assert found.python.strip() == ""
    assert [placed.what for placed in found.requirements] == ["a", "b"]


def test_an_install_line_that_cannot_be_locked_is_a_warning_without_the_address() -> None:
    found = translate("%pip install --extra-index-url https://u:SECRET@host/simple a")

    assert said(found) == [(1, "NB008")]
    assert [placed.what for placed in found.requirements] == ["a"]
    assert "SECRET" not in repr(found)


def test_what_else_an_install_line_does_is_kept() -> None:
    found = translate("!cd lib && pip install a")

    assert found.python == f"{S}.system('cd lib && pip install a')"
    assert [placed.what for placed in found.requirements] == ["a"]


def test_more_magics_than_ipython_translates_are_an_error() -> None:
    found = translate("!ls\n" * 600)

    assert said(found) == [(1, "NB005")]


def test_the_names_of_the_history_are_known() -> None:
    assert all(map(is_history_name, ["_", "__", "___", "_1", "_i2", "In", "Out", "_exit_code"]))
    assert not any(map(is_history_name, ["_x", "In2", "x", "_1a", "____"]))


LINE = st.sampled_from(
    [
        "!ls {x}",
        "%time x = 1",
        "%time",
        "x = !ls",
        "y?",
        "%%bash",
        "%%time",
        "    !ls",
        "if x:",
        "    pass",
        "'''",
        "x = (",
        ")",
        "%matplotlib inline",
        ">>> x",
        "%cd a \\",
        "# %x",
        "",
        "\x0c",
        "/",
        "%pip install a",
        "!pip install a | tail",
        "%%capture out",
        "%%writefile f",
        "!",
        "x = %foo",
        "\x1c",
    ]
)


@given(
    st.lists(LINE, max_size=8).map("\n".join)
    | st.text(alphabet="%!?x=( \n\\'\"{}$;,/\t#\r", max_size=30)
)
@settings(max_examples=600, deadline=5000)
def test_any_text_keeps_its_number_of_lines(source: str) -> None:
    found = translate(source)

    assert found.python.count("\n") == source.count("\n")


@given(st.lists(LINE, max_size=6).map("\n".join))
@settings(max_examples=200, deadline=5000)
def test_translated_python_is_left_alone(source: str) -> None:
    first = translate(source).python
    try:
        ast.parse(first)
    except (SyntaxError, ValueError):
        return

    assert translate(first).python == first
