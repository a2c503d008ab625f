from hypothesis import example, given, settings
from hypothesis import strategies as st
from IPython.utils.text import DollarFormatter

from cellwright.compiler.reading.interpolation import arguments, expression

NAMES = {"x": 1, "name": "ada", "d": {"k": [1, 2]}, "self": 3}


def expanded_by_ipython(text: str) -> str:
    try:
        return DollarFormatter().vformat(text, args=[], kwargs=dict(NAMES))
    except Exception:  # noqa: BLE001  # as IPython itself does
        return text


def expanded_by_program(text: str) -> str:
    found = eval(f"({arguments(text)},)", dict(NAMES))
    if len(found) == 1:
        return found[0]
    try:
        return "".join(format(part, "") for part in found[1]())
    except Exception:  # noqa: BLE001  # as the runtime does
        return found[0]


PIECES = """x name d $ { } $x $$x {x} {x!r} {d['k'][0:1]} ' " {unknown} $HOME ${x} {{ }}
    $name.title $1 ( {x:>4} . é {1 + {}"""
PIECE = st.sampled_from(PIECES.split())


@given(st.lists(PIECE, max_size=8).map(" ".join) | st.lists(PIECE, max_size=8).map("".join))
@settings(max_examples=600, deadline=None)
@example("awk '{print $1}' f")
@example("echo $x. '$x' \"$x\"")
@example("{x!q}")
def test_a_command_is_filled_in_as_ipython_does(text: str) -> None:
    assert expanded_by_program(text) == expanded_by_ipython(text)


def test_names_are_read_in_the_open() -> None:
    assert arguments("ls {folder}/$name") == (
        "'ls {folder}/$name', lambda: ['ls ', folder, '/', name]"
    )


def test_a_text_without_fields_is_a_literal() -> None:
    assert arguments("ls -la") == "'ls -la'"
    assert expression("a/b") == "'a/b'"
    assert expression("") == "''"


def test_an_expression_joins_the_parts() -> None:
    assert eval(expression("{name}/$x.csv".replace("$x.", "{x}.")), dict(NAMES)) == "ada/1.csv"
