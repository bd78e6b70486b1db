"""MMBench: VLMEvalKit's rules, quirks and all, and CircularEval."""

import choice_answers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from analyses.scoring.mmbench import SCORER, circular_terms, inferred_option, letter_by_option, letter_by_rules
from analyses.scoring.scorer import Asked

OFFICIAL, STRICT = SCORER.readings
CIRCULAR = SCORER.measures[0]


@pytest.mark.parametrize(("text", "option"), choice_answers.of("mmbench"))
def test_the_official_reading_gives_what_vlmevalkit_gives(text: str, option: str | None) -> None:
    assert OFFICIAL.parse(text, Asked("1", options=choice_answers.OPTIONS)) == option


def test_the_strict_reading_stands_beside_it() -> None:
    asked = Asked("1", options=("cat", "dog"), answer="cat")
    read = {reading.name: reading.parse("A dog", asked) for reading in SCORER.readings}
    assert read == {"official": "cat", "strict": None}
    assert [OFFICIAL.correct("cat", asked), STRICT.correct(None, asked)] == [1.0, 0.0]


# The values of these are what `can_infer` of open-compass/VLMEvalKit@e8e78f05 returned.
def test_a_letter_counts_among_the_last_four_words_alone() -> None:
    assert letter_by_rules("B w w w", ("cat", "dog")) == "B"
    assert letter_by_rules("B w w w w", ("cat", "dog")) is None
    assert letter_by_rules("B w w w B", ("cat", "dog")) is None, "its first time decides"


def test_answer_is_counts_where_letters_alone_do_not() -> None:
    assert letter_by_rules("The answer is A because B is not as near as A is", ("cat", "dog")) == "A"
    assert letter_by_rules("the answer is **c**", ("x", "y", "z")) == "C"
    assert letter_by_rules("The answer is (C) and B", ("x", "y", "z")) is None, "a bracket is no star"
    assert letter_by_rules("The answer is dull", ("x", "y", "z")) is None, "D is beyond the options"
    assert letter_by_rules("The answer is E or A", ("v", "w", "x", "y", "z")) is None, "only A to D are looked for"


def test_an_option_text_counts_anywhere_in_a_short_answer() -> None:
    options = ("yes", "no")
    assert letter_by_rules("yes", options) == "A"
    assert letter_by_rules("Yesterday", options) == "A"
    assert letter_by_rules("yes or no", options) is None
    assert letter_by_rules("yes 9 4567", options) == "A", "10 letters, twice the 5 of the options"
    assert letter_by_rules("yes 9 45678", options) is None
    assert letter_by_rules("İ", ("i", "yes")) == "A", "small letters of İ: i and a dot"


def test_one_option_text_within_another_is_no_answer() -> None:
    assert letter_by_rules("a red car", ("car", "red car")) is None
    assert letter_by_rules("a red car", ("", "red car")) is None, "an empty option is in every answer"
    assert letter_by_rules("car", ("car", "red car")) == "A"


def test_a_lone_z_or_a_refusal_ends_the_search() -> None:
    assert letter_by_rules("Z cat", ("cat", "dog")) is None
    assert letter_by_rules("Cannot determine the answer: A", ("cat", "dog")) is None
    assert letter_by_rules("Z A", ("cat", "dog")) == "A"
    assert letter_by_option("Z", ("cat", "dog")) == "Z"
    assert letter_by_rules("Z", tuple("abcdefghijklmnopqrstuvwxyz")) == "Z", "the 26th option"


def test_a_failed_request_is_read_by_the_options_texts_alone() -> None:
    long = "Failed to obtain answer via API, or so it says here"
    assert letter_by_rules("Failed to obtain answer via API: A", (long, "dog")) is None
    assert letter_by_rules("Failed to obtain answer via API: dog", (long, "dog")) == "B"


def test_marks_that_are_not_replaced_keep_a_letter_from_standing_alone() -> None:
    options = ("cat", "dog", "hen")
    kept = ("A?", "A/", "'A'", '"A"', "A-", "<A>", "A|", "_A_", "A=", "A。")
    assert [letter_by_rules(text, options) for text in kept] == [None] * len(kept)
    replaced = ("A.", "(A)", "[A]", "A,", "A:", "A;", "A!", "*A*", "#A", "{A}", "...A...")
    assert [letter_by_rules(text, options) for text in replaced] == ["A"] * len(replaced)


def rotations(*groups: tuple[str | None, int | None]) -> list[Asked]:
    return [
        Asked(str(row), metadata={"circular_group": group, "circular_rotation": turn})
        for row, (group, turn) in enumerate(groups)
    ]


def test_circular_a_question_is_right_where_all_its_rotations_are() -> None:
    asked = rotations(("p", 0), ("p", 1), ("q", 1), ("q", 0), ("q", 2))
    # Two conditions. p: 1·1, 1·0. q: 1·1·1, 0·1·1.
    correct = np.array([[1, 1], [1, 0], [1, 1], [1, 0], [1, 1]], float)
    right, all_of = circular_terms(np.full((5, 2), "x", object), correct, asked)
    assert_array_equal(right, [[1, 0], [0, 0], [0, 0], [1, 0], [0, 0]])
    assert_array_equal(all_of, [[1, 1], [0, 0], [0, 0], [1, 1], [0, 0]])
    assert_array_equal(right.sum(axis=0) / all_of.sum(axis=0), [1.0, 0.0])


def test_circular_is_undefined_where_a_rotation_is() -> None:
    asked = rotations(("p", 0), ("p", 1), ("q", 0))
    right, all_of = circular_terms(np.full((3, 1), "x", object), np.array([[1.0], [np.nan], [1.0]]), asked)
    assert_array_equal(right, [[np.nan], [np.nan], [1]])
    assert_array_equal(all_of, [[np.nan], [np.nan], [1]])


def test_circular_leaves_out_what_has_no_rotations_and_no_original() -> None:
    asked = [Asked("plain"), *rotations(("p", 1), ("p", 2), (None, 0), ("q", None))]
    right, all_of = CIRCULAR.terms(np.full((5, 1), "x", object), np.ones((5, 1)), asked)
    assert not right.any()
    assert not all_of.any()


def test_circular_refuses_a_group_with_two_originals() -> None:
    fault = "circular_group 'p' has two samples of circular_rotation 0: '0' and '2'."
    with pytest.raises(ValueError) as raised:
        circular_terms(np.full((3, 1), "x", object), np.ones((3, 1)), rotations(("p", 0), ("p", 1), ("p", 0)))
    assert str(raised.value) == f"{fault} Give every question a group of its own."


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=8))
def test_circular_is_never_above_the_accuracy_of_the_originals(values: list[float]) -> None:
    asked = rotations(*((group, turn) for group in "pq" for turn in range(4)))
    right, all_of = circular_terms(np.full((8, 1), "x", object), np.array(values)[:, np.newaxis], asked)
    assert all_of.sum() == 2
    assert right.sum() == min(values[:4]) + min(values[4:])
    assert right.sum() <= values[0] + values[4]


@given(st.text("ABC .(", max_size=12), st.permutations((0, 1, 2)))
def test_a_letter_is_the_same_whatever_the_order_of_the_options(text: str, order: list[int]) -> None:
    names = ("tree", "house", "river")
    turned = tuple(names[place] for place in order)
    assert letter_by_option(text, names) == letter_by_option(text, turned)


@given(st.sampled_from(["tree", "It is a house.", "river!", "tree or river", "none"]), st.permutations((0, 1, 2)))
def test_an_option_text_is_read_whatever_the_order_of_the_options(text: str, order: list[int]) -> None:
    names = ("tree", "house", "river")
    turned = tuple(names[place] for place in order)
    assert inferred_option(text, Asked("1", options=names)) == inferred_option(text, Asked("1", options=turned))
