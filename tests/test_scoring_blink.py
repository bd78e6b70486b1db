"""BLINK: the authors' labels, and the mean over tasks."""

import choice_answers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from analyses.scoring.blink import SCORER, letter_by_label, mean_of_tasks_terms
from analyses.scoring.scorer import Asked

OFFICIAL, STRICT = SCORER.readings


@pytest.mark.parametrize(("text", "option"), choice_answers.of("blink"))
def test_the_official_reading_gives_what_the_authors_rule_gives(text: str, option: str | None) -> None:
    assert OFFICIAL.parse(text, Asked("1", options=choice_answers.OPTIONS)) == option


def test_the_two_readings_differ_where_the_authors_ask_a_gpt() -> None:
    asked = Asked("1", options=("A is closer", "B is closer"), answer="B is closer")
    read = {
        reading.name: [reading.parse(text, asked) for text in ("(B)", "B is closer", "B.")]
        for reading in SCORER.readings
    }
    assert read == {"official": ["B is closer", None, None], "strict": ["B is closer"] * 3}


# The values of these are what `analyze_answer` of zeyofu/BLINK_Benchmark@2d6a779b returned, None where it asks GPT-3.5.
def test_one_label_in_the_answer_is_read() -> None:
    read = [
        letter_by_label(text, 4)
        for text in ("I see (C) there", "(C)\tthere", "(C)\n\nthere", "(C)(C)", "(C),", "( C )")
    ]
    assert read == ["C", "C", "C", None, None, None]


def test_the_last_paragraph_decides_between_several() -> None:
    assert letter_by_label("(A) or (B)?\n\nIt is (B) then", 4) == "B"
    assert letter_by_label("(A)\n\n(B)\n\nnone", 4) is None
    assert letter_by_label("(A)\n\nnone", 4) == "A"
    assert letter_by_label("(A) or (B)?\nIt is (B) then", 4) is None, "one line break makes no paragraph"
    assert letter_by_label("(A)\n\n\n(B)", 4) == "B"


def test_a_letter_alone_is_read_without_brackets_and_only_alone() -> None:
    assert [letter_by_label(text, 4) for text in ("A", "A ", "A.", "a", "AB", "F", "(F)")] == ["A"] + [None] * 6


def test_labels_beyond_the_options_do_not_disturb_a_longer_answer() -> None:
    assert letter_by_label("(C) or (B)", 2) == "B"
    assert letter_by_label("(C) it is", 2) is None
    asked = Asked("1", options=("yes", "no"), answer="no")
    assert letter_by_label("(C)", 2) == "C"
    assert OFFICIAL.parse("(C)", asked) is None
    assert OFFICIAL.correct(None, asked) == 0.0


def test_only_five_letters_have_a_label() -> None:
    assert letter_by_label("it is (F)", 8) is None
    assert letter_by_label("it is (E)", 8) == "E"


def tasks(names: str) -> list[Asked]:
    return [Asked(str(row), metadata={"task": name}) for row, name in enumerate(names)]


def number(correct: np.ndarray, asked: list[Asked]) -> np.ndarray:
    right, weight = mean_of_tasks_terms(np.full(correct.shape, "x", object), correct, asked)
    return np.nansum(right, axis=0) / np.nansum(weight, axis=0)


def test_every_task_counts_the_same_whatever_its_size() -> None:
    # a: 3 of 4, b: 0 of 1, c: 1 of 2. The mean of 0.75, 0 and 0.5 is 1.25 / 3; of all samples 4 / 7 are right.
    correct = np.array([[1], [1], [1], [0], [0], [1], [0]], float)
    assert_allclose(number(correct, tasks("aaaabcc")), [1.25 / 3])


def test_conditions_are_weighted_apart() -> None:
    # Under the second condition one sample of a is undefined: a is 1 of 1, b is 0 of 1.
    correct = np.array([[1, 1], [0, np.nan], [0, 0]])
    right, weight = mean_of_tasks_terms(np.full((3, 2), "x", object), correct, tasks("aab"))
    assert_array_equal(right, [[0.5, 1], [0, np.nan], [0, 0]])
    assert_array_equal(weight, [[0.5, 1], [0.5, np.nan], [1, 1]])


def test_samples_without_a_task_are_left_out() -> None:
    right, weight = mean_of_tasks_terms(np.full((2, 1), "x", object), np.ones((2, 1)), [Asked("1"), *tasks("a")])
    assert_array_equal(right, [[0], [1]])
    assert_array_equal(weight, [[0], [1]])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0])), min_size=1, max_size=20))
def test_the_mean_of_tasks_is_the_mean_of_their_means(rows: list[tuple[str, float]]) -> None:
    names = [name for name, _ in rows]
    means = [np.mean([right for other, right in rows if other == name]) for name in sorted(set(names))]
    assert_allclose(number(np.array([[right] for _, right in rows]), tasks("".join(names))), [np.mean(means)])


@given(st.lists(st.sampled_from(["(A)", "(B)", "(C)", "A", "so", "\n\n", "(A).", "or"]), max_size=8).map(" ".join))
def test_what_is_read_stands_in_the_answer(text: str) -> None:
    letter = letter_by_label(text, 3)
    assert letter is None or letter in text
    assert letter is None or letter_by_label(f"({letter})", 3) == letter
