"""What the walk finds where code is called back, loops, or is only perhaps run."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb


def feeds(*cells):
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None
    return [(edge.producer, edge.consumer, edge.port) for edge in found.pipeline.edges]


def test_an_unknown_function_may_call_any_method_of_what_it_is_given():
    assert feeds(
        code("import somelib\nrows = []\nclass Model:\n    def fit(self):\n        rows.append(1)", "step:define"),
        code("model = Model()\nsomelib.train(model)", "step:train"),
        code("print(rows)", "step:report"),
    )[-1] == ("train", "report", "rows")  # fmt: skip


def test_a_known_function_calls_only_what_python_calls_by_itself():
    cells = (
        code("rows = []\nclass Model:\n    def fit(self):\n        rows.append(1)\n    def __len__(self):\n        return 1", "functions"),
        code("model = Model()", "step:make"),
        code("print(len(model))", "step:measure"),
        code("print(model)", "step:report"),
    )  # fmt: skip

    assert ("measure", "report", "model") not in feeds(*cells)


def test_a_file_that_is_written_to_at_its_end_needs_what_was_there():
    assert feeds(
        code("import pandas as pd\nframe = pd.DataFrame({'a': [1]})", "imports"),
        code("frame.to_csv('a.csv')", "step:first"),
        code("frame.to_csv('a.csv', mode='a', header=False)", "step:second"),
        code("print(open('a.csv').read())", "step:report"),
    ) == [("first", "second", "file:a.csv"), ("second", "report", "file:a.csv")]


@pytest.mark.parametrize(
    "handler", ["except NameError:", "except (OSError, NameError):", "except:"]
)
def test_a_name_whose_absence_is_caught_may_be_unbound(handler):
    found = compile_notebook(
        ipynb([code(f"try:\n    print(rows)\n{handler}\n    rows = []", "step:only")]),
        path="notebook.ipynb",
    )

    assert found.pipeline is not None


@pytest.mark.parametrize("handler", ["except OSError:", "except OSError as NameError_:"])
def test_a_name_whose_absence_is_not_caught_is_an_error(handler):
    found = compile_notebook(
        ipynb([code(f"try:\n    print(rows)\n{handler}\n    pass", "step:only")]),
        path="notebook.ipynb",
    )

    assert [each.rule.code for each in found.report] == ["FLOW201"]


MODEL = "rows = []\nclass Model:\n    def __init__(self, n=0):\n        self.n = n\n    def fit(self):\n        rows.append(1)"

CALLED = {
    "a method that is handed over by its class": "list(map(Model.fit, [Model()]))",
    "a method that is handed over by its object": "list(map(lambda f: f(), [Model().fit]))",
    "a function in a list": "import somelib\nsomelib.run([Model().fit])",
    "a function that the body makes known to the next round": (
        "import somelib\nhooks = []\ndef go():\n    somelib.run(hooks)\n    hooks.append(Model().fit)\nsomelib.repeat(go)"
    ),
    "a function that is called back within one that is": (
        "import somelib\nhooks = []\ndef inner():\n    for hook in hooks:\n        hook()\ndef go():\n    somelib.run(inner)\n    hooks.append(Model().fit)\nsomelib.repeat(go)"
    ),
    "what a function calls that is called back within one that is": (
        "import somelib\ndef helper():\n    rows.append(1)\ndef inner():\n    helper()\ndef go():\n    somelib.run(inner)\nsomelib.repeat(go)"
    ),
    "a method that is called back within what is called back": (
        "import somelib\nmodel = Model()\ndef go():\n    somelib.run(model.fit)\nsomelib.repeat(go)"
    ),
    "the last of a long chain of functions": (
        "".join(f"def f{n}():\n    f{n + 1}()\n" for n in range(20)) + "def f20():\n    rows.append(1)\nf0()"
    ),
    "a name that the body binds for the next round": (
        "import somelib\nother = []\ndef go():\n    global other\n    other.append(1)\n    other = rows\nsomelib.repeat(go)"
    ),
    "what a name means in a later round": (
        "other = []\nfor n in [1, 2]:\n    other.append(n)\n    other = rows"
    ),
    "what a name means in a later round of a loop that may not run": (
        "import sys\nother = []\nfor n in sys.argv:\n    other.append(n)\n    other = rows"
    ),
    "what a name means in a later round of a while": (
        "other = []\nn = 0\nwhile n < 2:\n    other.append(n)\n    other = rows\n    n += 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLED)
def test_what_code_changes_that_is_run_by_the_way_is_handed_on(case):
    edges = feeds(
        code(MODEL, "step:define"),
        code(CALLED[case], "step:run"),
        code("print(rows)", "step:report"),
    )

    assert ("run", "report", "rows") in edges
