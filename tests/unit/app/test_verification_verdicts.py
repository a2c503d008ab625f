"""From raw differences to a verdict: what is printed and shown, what is unstable, why."""

import datetime as dt
from dataclasses import replace

import pytest

from cellwright.app.compilation import compile_document
from cellwright.app.verification.judging import MOST_RUNS, judged, may_be_chance
from cellwright.app.verification.kernel import CellOutput
from cellwright.app.verification.nondeterminism import likely_source
from cellwright.app.verification.pairs import Difference, Pair, beyond
from cellwright.app.verification.reports import report_document, summary
from cellwright.app.verification.shown import compare_cells, compare_printed
from cellwright.model.equivalence import EquivalenceReport, Likeness, Reference, Subject
from cellwright.runtime.likeness import APART, SHARED
from support.notebooks import code, ipynb


def pipeline_of(*cells):
    compilation = compile_document(ipynb(cells), path="test.ipynb")
    assert compilation.pipeline is not None, list(compilation.report)
    return compilation.pipeline


@pytest.fixture(scope="module")
def pipeline():
    return pipeline_of(code("y = 0\nx = 1.0", "step:a"), code("print(x, y)", "step:b"))


def value(*differences, trouble=""):
    return Pair("a", Subject.VALUE, "x", differences=differences, trouble=trouble)


def verdict(pipeline, pair, *again, tolerance=0.0):
    (found,) = judged(pipeline, [pair], again=[[each] for each in again], tolerance=tolerance)
    return found


class TestVerdicts:
    def test_equal_bytes_are_exact_and_equal_values_equal(self, pipeline):
        exact = Pair("a", Subject.VALUE, "x", exact=True)

        assert verdict(pipeline, exact).likeness is Likeness.EXACT
        assert verdict(pipeline, value()).likeness is Likeness.EQUAL

    def test_a_difference_carries_the_place_that_made_the_value(self, pipeline):
        found = verdict(pipeline, value(Difference("x", "1.0", "2.0", 0.5)))

        assert found.likeness is Likeness.DIFFERENT
        assert (found.path, found.expected, found.found) == ("x", "1.0", "2.0")
        assert (found.cell, found.line) == (1, 2)

    def test_what_is_one_object_there_and_two_here_is_equal_and_told(self, pipeline):
        apart = Difference("x[1]", SHARED, APART)

        found = verdict(pipeline, value(apart))
        other = verdict(pipeline, value(apart, Difference("x[0]", "1", "2")))

        assert found.likeness is Likeness.EQUAL
        assert "one object there" in found.note
        assert (other.likeness, other.path) == (Likeness.DIFFERENT, "x[0]")

    def test_a_small_gap_is_close_only_where_that_was_asked_for(self, pipeline):
        pair = value(Difference("x", "1.0", "1.00000001", 1e-8))

        assert verdict(pipeline, pair).likeness is Likeness.DIFFERENT
        assert verdict(pipeline, pair, tolerance=1e-6).likeness is Likeness.CLOSE

    def test_no_tolerance_covers_what_has_no_gap(self, pipeline):
        pair = value(Difference("x[0]", "1.0", "1.1", 0.1), Difference("x.dtype", "f8", "f4"))

        found = verdict(pipeline, pair, tolerance=1.0)

        assert (found.likeness, found.path) == (Likeness.DIFFERENT, "x.dtype")

    def test_what_two_notebooks_disagree_about_is_unstable(self, pipeline):
        pair = value(Difference("x[3]", "1", "2"))
        elsewhere = value(Difference("x.name", "'a'", "'b'"))

        assert verdict(pipeline, pair, value(Difference("x[9]", "1", "7"))).likeness is (
            Likeness.UNSTABLE
        )
        assert verdict(pipeline, pair, elsewhere).likeness is Likeness.DIFFERENT
        assert verdict(pipeline, pair, Pair("a", Subject.VALUE, "x", exact=True)).likeness is (
            Likeness.DIFFERENT
        )

    def test_what_could_not_be_compared_is_unknown_and_says_why(self, pipeline):
        found = verdict(pipeline, value(trouble="no module named x"))

        assert (found.likeness, found.note) == (Likeness.UNKNOWN, "no module named x")

    def test_a_place_inside_of_an_unstable_one_is_covered(self):
        whole, part = Difference("x.tree", "a", "b"), Difference("x.tree.nodes[4]", "1", "2")

        assert beyond([whole], [part]) == ()
        assert beyond([], []) == ()
        assert beyond([Difference("x.tre", "a", "b")], [part]) == (part,)

    @pytest.mark.parametrize(
        "other", ["x.rows.shape", "len(x.rows)", "sorted(x.rows)[3]", "list(x.rows)"]
    )
    def test_how_many_elements_there_are_may_be_chance_where_the_elements_are(self, other):
        known, found = Difference(other, "3", "4"), Difference("x.rows[2]", "1", "2")

        assert beyond([known], [found]) == beyond([found], [known]) == ()

    def test_what_differs_in_many_places_is_another_value_throughout(self, pipeline):
        pair = value(Difference("x.count", "1", "2"))
        fitted = [
            value(*(Difference(f"x.{name}", "1", "2") for name in "abcde"[:many]))
            for many in (4, 5)
        ]

        assert [verdict(pipeline, pair, each).likeness for each in fitted] == [
            Likeness.DIFFERENT, Likeness.UNSTABLE,
        ]  # fmt: skip

    def test_what_differs_by_chance_in_a_container_says_nothing_of_its_other_items(self, pipeline):
        by_chance = tuple(Difference(f"x['{name}']", "1", "2") for name in "abcde")
        pair = value(*by_chance, Difference("x['accuracy']", "0.9", "0.1"))

        found = verdict(pipeline, pair, value(*by_chance))

        assert (found.likeness, found.path) == (Likeness.DIFFERENT, "x['accuracy']")

    def test_a_generator_that_other_numbers_were_drawn_of_may_differ_anywhere(self, pipeline):
        def state(path):
            pair = value(Difference(path, "1", "2"))
            return replace(pair, subject=Subject.STATE, name="state:numpy.random")

        key, position = state("numpy.random['key'][0]"), state("numpy.random['pos']")

        assert verdict(pipeline, key, position).likeness is Likeness.UNSTABLE
        assert verdict(pipeline, key).likeness is Likeness.DIFFERENT

    def test_what_is_made_of_a_value_of_chance_is_not_held_against_the_pipeline(self, pipeline):
        drawn = value(Difference("x", "0.1", "0.2"))
        printed = Pair("b", Subject.OUTPUT, "output", differences=(Difference("line 1", "a", "b"),))

        found = judged(pipeline, [drawn, printed], again=[[drawn]], tolerance=0.0)
        other = judged(pipeline, [drawn, printed], again=[], tolerance=0.0)

        assert [each.likeness for each in found] == [Likeness.UNSTABLE, Likeness.UNSTABLE]
        assert "made of `x`" in found[1].note
        assert [each.likeness for each in other] == [Likeness.DIFFERENT, Likeness.DIFFERENT]

    def test_what_is_several_objects_there_and_one_here_is_different(self, pipeline):
        found = verdict(pipeline, value(Difference("x[1]", APART, SHARED)))

        assert found.likeness is Likeness.DIFFERENT

    def test_a_third_run_of_the_notebook_may_show_what_two_do_not(self, pipeline):
        pair, drawn = value(Difference("x", "1", "2")), value(Difference("x", "1", "3"))
        same = Pair("a", Subject.VALUE, "x", exact=True)

        assert verdict(pipeline, pair, same, drawn).likeness is Likeness.UNSTABLE

    def test_the_notebook_is_run_again_while_that_may_explain_a_difference(self, pipeline):
        different = verdict(pipeline, value(Difference("x", "1", "2")))
        unstable = verdict(
            pipeline, value(Difference("x", "1", "2")), value(Difference("x", "1", "3"))
        )

        assert may_be_chance(pipeline, [different], 0)
        assert not may_be_chance(pipeline, [different], 1)
        assert may_be_chance(pipeline, [different, unstable], 1)
        assert not may_be_chance(pipeline, [different, unstable], MOST_RUNS)
        assert not may_be_chance(pipeline, [unstable], 1)

    def test_what_draws_without_a_seed_may_come_to_the_same_by_chance(self, pipeline):
        different = verdict(pipeline, value(Difference("x", "1", "2")))
        drawing = pipeline_of(
            code("import random\nx = random.random()", "step:a"), code("x", "step:b")
        )

        assert may_be_chance(drawing, [different], 1)
        assert not may_be_chance(drawing, [different], MOST_RUNS)

    def test_of_several_differences_one_that_is_not_unstable_is_told(self, pipeline):
        drawn, other = Difference("x.drawn", "1", "2"), Difference("x.name", "'a'", "'b'")

        found = verdict(pipeline, value(drawn, other), value(drawn))

        assert (found.likeness, found.path) == (Likeness.DIFFERENT, "x.name")


class TestText:
    def test_the_line_and_the_cell_that_printed_it_are_named(self):
        pair = compare_printed("a", [(2, "one\ntwo\n"), (5, "three\n")], "one\ntwo\nTHREE\n")

        (found,) = pair.differences
        assert (found.path, found.one, found.other) == ("line 3 of the output", "three", "THREE")
        assert found.cell == 5

    def test_missing_lines_are_differences(self):
        pair = compare_printed("a", [(2, "one\n")], "")

        assert (pair.differences[0].one, pair.differences[0].other) == ("one", "nothing")

    def test_addresses_do_not_count(self):
        pair = compare_printed("a", [(1, "<P at 0x7f0000aa0010>\n")], "<P at 0x7fffffffff10>\n")

        assert (pair.exact, pair.differences) == (False, ())

    def test_nothing_in_a_text_can_move_the_cursor(self):
        pair = compare_printed("a", [(1, "\x1b[2Jx")], "y")

        assert pair.differences[0].one == "\\x1b[2Jx"


class TestDisplays:
    def cell(self, *data):
        return CellOutput("", tuple({"output_type": "display_data", "data": each} for each in data))

    def compare(self, one, other):
        pipeline = pipeline_of(code("x = 1\nx", "step:a"))
        pairs = compare_cells(pipeline, {1: one}, {1: other})
        return next(pair for pair in pairs if pair.subject is Subject.DISPLAY)

    def test_layout_and_addresses_do_not_count(self):
        one = self.cell({"text/plain": "{'a': 1,\n 'b': <P at 0x7f12345678>}"})
        other = self.cell({"text/plain": "{'a': 1, 'b': <P at 0x7f87654321>}"})

        assert not self.compare(one, other).differences

    def test_the_text_is_compared_before_other_forms(self):
        one = self.cell({"text/html": "<b>1</b>", "text/plain": "1"})
        other = self.cell({"text/html": "<b>2</b>", "text/plain": "2"})

        found = self.compare(one, other).differences

        assert [each.path for each in found] == [
            "the display (text/plain)",
            "the display (text/html)",
        ]
        assert {each.cell for each in found} == {1}

    def test_a_form_or_a_display_too_few_is_a_difference(self):
        one = self.cell({"text/plain": "1", "image/png": "AAAA"}, {"text/plain": "2"})
        other = self.cell({"text/plain": "1"})

        found = self.compare(one, other).differences

        assert (found[0].one, found[0].other) == ("2 displays", "1 display")
        assert found[1].path == "display 1 of cell 1 (image/png)"


class TestLikelySources:
    @pytest.mark.parametrize(
        ("source", "reason", "line"),
        [
            ("import numpy as np\nx = np.random.rand(3)", "random numbers", 2),
            ("import uuid\nx = str(uuid.uuid4())", "unique id", 2),
            ("import datetime\nx = str(datetime.datetime.now())", "the time", 2),
            ("import os\nx = os.urandom(2)", "random numbers", 2),
            ("x = list({'a', 'b'})", "order of a set", 1),
        ],
    )
    def test_the_call_that_may_be_the_reason_is_named(self, source, reason, line):
        pipeline = pipeline_of(code(source, "step:a"), code("print(x)", "step:b"))

        found = likely_source(pipeline.steps["a"])

        assert reason in found.reason
        assert (found.cell, found.line) == (1, line)
        assert found.advice

    def test_seeding_and_sleeping_are_no_reasons(self):
        pipeline = pipeline_of(code("import random, time\nrandom.seed(1)\ntime.sleep(0)", "step:a"))

        assert "nothing in its text" in likely_source(pipeline.steps["a"]).reason


def test_a_report_is_summed_up(pipeline):
    pairs = [value(Difference("x", "1", "2")), Pair("b", Subject.OUTPUT, "output", exact=True)]
    report = EquivalenceReport(
        run="r",
        snapshot="sha256:0",
        reference=Reference.NOTEBOOK,
        split=True,
        tolerance=0.0,
        comparisons=judged(pipeline, pairs, again=(), tolerance=0.0),
        created=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )

    assert not report.equal
    assert report.first_difference.name == "x"
    assert summary(report) == "different from the notebook in 1 of 2 things, each cell a step"
    assert report_document(report)["counts"] == {"different": 1, "exact": 1}
