"""The language of the effects data, and how they are looked up."""

import pytest

from cellwright.compiler.walking.effects import effects_data, parse_effect


def test_a_line_says_what_a_call_gives_and_does() -> None:
    effect = parse_effect("new:pandas.DataFrame! reads:0|path draws:numpy.random inplace")

    assert (effect.result, effect.type_name, effect.exact) == ("new", "pandas.DataFrame", True)
    assert effect.files == (("reads", "0|path"),)
    assert effect.states == (("draws", "numpy.random"),)
    assert effect.inplace


def test_a_type_without_a_mark_is_one_that_the_result_is_like() -> None:
    assert not parse_effect("scalar:str").exact


def test_an_argument_is_named_by_its_position() -> None:
    effect = parse_effect("arg:1 changes:1")

    assert (effect.result, effect.position, effect.type_name) == ("arg", 1, "")


def test_marks_keep_their_order_so_that_every_process_tells_the_same_first() -> None:
    assert parse_effect("unique temporary clock").marks == ("unique", "temporary", "clock")


def test_a_word_that_is_not_of_the_language_is_refused() -> None:
    with pytest.raises(ValueError, match="chagnes"):
        parse_effect("new chagnes:0")


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("pandas.read_csv", "new"),
        ("sklearn.ensemble.AnyForest", "holds"),
        ("sklearn.metrics.any_score", "scalar"),
        ("nowhere.function", None),
    ],
)
def test_a_name_is_looked_up_in_its_module_then_in_those_around(
    path: str, result: str | None
) -> None:
    effect = effects_data().find(path)

    assert (effect.result if effect is not None else None) == result


def test_a_type_has_the_methods_of_the_type_it_is_like() -> None:
    data = effects_data()

    assert data.method("sklearn.random_estimator", "fit") == data.method("sklearn.estimator", "fit")
    assert data.flag("numpy.memmap", "array")
    assert data.method("no.such.type", "fit") is None
