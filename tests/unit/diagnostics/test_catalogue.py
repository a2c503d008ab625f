import re

import pytest

from cellwright.base.errors import UsageError
from cellwright.diagnostics.catalogue import all_rules, find_rule

GROUPS = {"NB": 0, "TAG": 1, "FLOW": 2, "PIPE": 3, "ENV": 4, "ART": 5, "EXP": 6, "RUN": 7}


def test_letters_and_hundreds_of_a_code_agree() -> None:
    for rule in all_rules():
        letters, number = re.fullmatch(r"([A-Z]+)(\d{3})", rule.code).groups()
        assert GROUPS[letters] == int(number) // 100, rule.code


def test_codes_and_names_are_unique_and_names_are_in_one_style() -> None:
    rules = all_rules()

    assert len({rule.code for rule in rules}) == len(rules)
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name) for rule in rules)


def test_a_summary_is_a_clause() -> None:
    for rule in all_rules():
        assert not rule.summary.endswith(".")
        assert rule.summary[0].islower()


@pytest.mark.parametrize("key", ["FLOW201", "flow201", "unbound-input", "Unbound-Input"])
def test_a_rule_is_found_by_code_or_name(key: str) -> None:
    assert find_rule(key).code == "FLOW201"


def test_an_unknown_rule_is_the_users_mistake() -> None:
    with pytest.raises(UsageError):
        find_rule("FLOW999")
