"""That long chains are followed without nesting one call in the other."""

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

LENGTH = 1500


def test_a_long_chain_of_functions_is_taken_along_whole() -> None:
    chain = "".join(f"def f{n}(x): return f{n - 1}(x) + 1\n" for n in range(1, LENGTH))
    payload = ipynb(
        [
            code(f"def f0(x): return x\n{chain}", "functions"),
            code(f"print(f{LENGTH - 1}(1))", "step:a"),
        ]
    )

    compilation = compile_notebook(payload, path="n.ipynb")

    assert compilation.pipeline is not None
    (component,) = compilation.pipeline.steps.values()
    assert component.program.count("def f") == LENGTH


def test_a_long_chain_of_steps_hands_its_list_on() -> None:
    cells = [code(f"xs.append({n})", f"step:s{n}") for n in range(300)]
    payload = ipynb([code("xs = []", "step:start"), *cells])

    pipeline = compile_notebook(payload, path="n.ipynb").pipeline

    assert pipeline is not None
    assert len(pipeline.edges) == len(cells)
