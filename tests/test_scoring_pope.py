"""POPE's answers are read as by its official script, whose results are written down here, and strictly beside it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring import Asked, pope

READ = (  # text, the official reading, the strict one
    ("yes", "yes", "yes"),
    ("Yes", "yes", "yes"),
    ("YES.", "yes", "yes"),
    ("no", "no", "no"),
    ("No", "no", "no"),
    ("No.", "no", "no"),
    ("no,", "no", "no"),
    ("NO", "yes", "no"),
    ("No!", "yes", "no"),
    ("No?", "yes", "no"),
    ("nO", "yes", "no"),
    ("No, there is no dog.", "no", "no"),
    ("No,there is none", "yes", "no"),
    ("No\nThere is none", "yes", "no"),
    ("no\n", "yes", "no"),
    ("\nNo", "yes", "no"),
    (" No", "no", "no"),
    ("No ", "no", "no"),
    ("No\tdog", "yes", "no"),
    ("**No**", "yes", "no"),
    ('"No"', "yes", "no"),
    ("(no)", "yes", "no"),
    ("no:", "yes", "no"),
    ("Answer: No", "no", "no"),
    ("The answer is no because it is a cat", "no", "no"),
    ("Yes, there is a dog in the image.", "yes", "yes"),
    ("Yes. There is no doubt.", "yes", "yes"),
    ("Yes, there is no doubt", "no", None),
    ("Yes, not one but two", "no", "yes"),
    ("yes and no", "no", None),
    ("Yes/No", "yes", None),
    ("Yes or no?", "yes", None),
    ("no. yes", "no", "no"),
    (". No", "yes", "no"),
    ("... no", "yes", "no"),
    ("", "yes", None),
    (" ", "yes", None),
    (".", "yes", None),
    ("not sure", "no", None),
    ("Not sure", "yes", None),
    ("I am not sure.", "no", None),
    ("There is not a dog", "no", None),
    ("There isn't a dog", "yes", None),
    ("There cannot be one", "yes", None),
    ("There is a dog", "yes", None),
    ("There is no dog", "no", "no"),
    ("There are none", "yes", None),
    ("Nothing", "yes", None),
    ("nope", "yes", None),
    ("yeah", "yes", None),
    ("Yes!", "yes", "yes"),
    ("yes\nno", "yes", "yes"),
    ("1. No", "yes", None),
    ("e.g. no", "yes", None),
    ("non", "yes", None),
    ("нет", "yes", None),
    ("não", "yes", None),
    ("いいえ", "yes", None),
)

QUESTIONS = [Asked(str(number), answer=answer) for number, answer in enumerate(["yes", "yes", "no", "no", "yes"])]
SAID = np.array([["yes"], ["no"], ["yes"], ["no"], [None]], object)
# TP 1 (the first), FP 1 (the third), FN 2 (the second, and the last that could not be read), TN 1


@pytest.mark.parametrize(("text", "official", "strict"), READ)
def test_an_answer_is_read_officially_and_strictly(text: str, official: str, strict: str | None) -> None:
    assert pope.official(text) == pope.parse(text, Asked("1")) == official
    assert pope.strict(text) == pope.parse_strict(text, Asked("1")) == strict


def test_an_answer_becomes_the_options_own_text() -> None:
    asked = Asked("1", options=("No.", "Yes."), answer="No.")
    assert [pope.parse(text, asked) for text in ("no", "", "yes")] == ["No.", "Yes.", "Yes."]
    assert [pope.parse_strict(text, asked) for text in ("NO", "", "yes")] == ["No.", None, "Yes."]
    assert [pope.right(option, asked) for option in (*asked.options, None)] == [1, 0, 0]
    assert pope.parse("yes", Asked("1", options=("dog", "cat"))) is None


def test_right_is_what_the_answer_says_in_whatever_case() -> None:
    assert pope.right("yes", Asked("1", answer="Yes")) == 1
    assert pope.right("no", Asked("1", answer="Yes")) == 0
    assert math.isnan(pope.right("no", Asked("1")))


def ratio(name: str, parsed: np.ndarray, correct: np.ndarray) -> float:
    terms = {measure.name: measure.terms for measure in pope.SCORER.measures}[name](parsed, correct, QUESTIONS)
    above, below = (np.nansum(one) for one in terms)
    return float(above / below)


@pytest.mark.parametrize(
    ("name", "value"),
    [("precision", 1 / 2), ("recall", 1 / 3), ("f1", 2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3)), ("yes_ratio", 2 / 5)],
)
def test_measures_are_ratios_of_counts_with_yes_positive(name: str, value: float) -> None:
    assert ratio(name, SAID, np.zeros((5, 1))) == pytest.approx(value)


def test_a_pair_without_a_score_is_in_no_measure() -> None:
    correct = np.array([[0.0], [0.0], [np.nan], [0.0], [0.0]])
    for measure in pope.SCORER.measures:
        for terms in measure.terms(SAID, correct, QUESTIONS):
            assert terms.shape == (5, 1)
            assert np.isnan(terms[:, 0]).tolist() == [False, False, True, False, False]
    assert ratio("precision", SAID, correct) == 1


def test_measures_are_named_in_the_order_of_the_paper() -> None:
    assert [measure.name for measure in pope.SCORER.measures] == ["precision", "recall", "f1", "yes_ratio"]
    assert [reading.name for reading in pope.SCORER.readings] == ["official", "strict"]


@given(st.lists(st.sampled_from(["Yes", "no", "not sure", "", "No."]), min_size=5, max_size=5))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(texts: list[str]) -> None:
    parsed = np.array([[pope.parse(text, one)] for text, one in zip(texts, QUESTIONS, strict=True)], object)
    correct = np.array([[pope.right(text, one)] for (text,), one in zip(parsed.tolist(), QUESTIONS, strict=True)])
    told = parsed[:, 0] == "yes"
    hit = told & np.array([one.answer == "yes" for one in QUESTIONS])
    if hit.any():
        precision, recall = hit.sum() / told.sum(), hit.sum() / 3
        assert ratio("f1", parsed, correct) == pytest.approx(2 * precision * recall / (precision + recall))
    assert ratio("yes_ratio", parsed, correct) == pytest.approx(told.mean())


@given(st.text(st.sampled_from("yesno NYt.,!\n"), max_size=16))
def test_an_official_no_is_a_strict_yes_only_where_it_says_not(text: str) -> None:
    if pope.official(text) == "no":
        assert pope.strict(text) != "yes" or "not" in text.split(".")[0]
