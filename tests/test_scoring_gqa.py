"""GQA's answers are compared exactly as predictions are, and by containment."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring import Asked, gqa

PREDICTED = (  # what LLaVA's converter writes after its generation took off the space around
    *(("yes", "yes"), ("Yes", "yes"), ("YES.", "yes"), ("yes...", "yes"), (" Yes.\n", "yes"), ("yes .", "yes ")),
    *(("yes!", "yes!"), ("yes,", "yes,"), (".yes", ".yes"), ("yes. no.", "yes. no"), ("Yes, it is.", "yes, it is")),
    *(("", ""), (".", ""), ("...", ""), ("\n", ""), ("the dog", "the dog"), ("A dog", "a dog"), ("2", "2")),
    *(
        ("two", "two"),
        ("T-shirt.", "t-shirt"),
        ("No. 1", "no. 1"),
        ("not sure", "not sure"),
        ("yes and no", "yes and no"),
    ),
    *(
        ("left\nside", "left\nside"),
        ("ÉTÉ.", "été"),
        ("٣.", "٣"),
        ("dont", "dont"),
        ("U.S.A.", "u.s.a"),
        ("yes.)", "yes.)"),
    ),
)

EXACT = (  # text, answer, score
    *(("yes", "yes", 1), ("Yes.", "yes", 1), ("no", "yes", 0), ("yes!", "yes", 0), ("a dog", "dog", 0)),
    *(("dogs", "dog", 0), ("T-shirt", "t-shirt", 1), ("t shirt", "t-shirt", 0), ("two", "2", 0), ("", "yes", 0)),
    *(
        ("yes", "Yes", 0),
        ("yes and no", "yes", 0),
        ("not sure", "no", 0),
        ("Yes, it is.", "yes", 0),
        ("yes .", "yes", 0),
    ),
    *(("fire hydrant.", "fire hydrant", 1), ("fire  hydrant", "fire hydrant", 0), ("yes\nno", "yes", 0)),
)

CONTAINED = (  # text, answer, score
    *(("yes", "yes", 1), ("Yes, it is.", "yes", 1), ("It is on the LEFT.", "left", 1), ("leftmost", "left", 0)),
    *(("not left", "left", 1), ("left or right", "left", 1), ("a t-shirt", "t-shirt", 1), ("shirt", "t-shirt", 0)),
    *(("fire  hydrant", "fire hydrant", 1), ("fire\nhydrant", "fire hydrant", 1), ("hydrant", "fire hydrant", 0)),
    *(
        ("snowboard", "no", 0),
        ("no", "no", 1),
        ("not", "no", 0),
        ("", "no", 0),
        ("dogs", "dog", 0),
        ("dog's", "dog", 1),
    ),
    *(("dog-like", "dog", 1), ("dog_like", "dog", 0), ("(dog)", "dog", 1), ("été", "É", 0), ("un ÉTÉ", "été", 1)),
    *(("12", "1", 0), ("1.5", "1", 1), ("c++ code", "c++", 1), ("a.b", "a?b", 0), ("two", "2", 0), ("yes", "Yes", 1)),
)


@pytest.mark.parametrize(("text", "prediction"), PREDICTED)
def test_a_text_becomes_the_prediction_of_the_converter(text: str, prediction: str) -> None:
    assert gqa.predicted(text) == prediction
    assert gqa.parse(text, Asked("1", answer="yes")) == prediction


@pytest.mark.parametrize(("text", "answer", "score"), EXACT)
def test_only_the_answer_itself_is_an_exact_match(text: str, answer: str, score: int) -> None:
    asked = Asked("1", answer=answer)
    assert gqa.exact(gqa.parse(text, asked), asked) == score


@pytest.mark.parametrize(("text", "answer", "score"), CONTAINED)
def test_an_answer_is_contained_as_whole_words(text: str, answer: str, score: int) -> None:
    asked = Asked("1", answer=answer)
    assert gqa.containment(gqa.parse_contained(text, asked), asked) == score


def test_options_are_read_and_scored_as_they_stand() -> None:
    asked = Asked("1", options=("Left", "Right"), answer="Left")
    assert [gqa.parse(text, asked) for text in ("left.", "RIGHT", "on the left")] == ["Left", "Right", None]
    assert [gqa.exact(option, asked) for option in (*asked.options, None)] == [1, 0, 0]
    read = [gqa.parse_contained(text, asked) for text in ("It is on the left", "left or right", "above")]
    assert read == ["Left", None, None]
    assert [gqa.containment(option, asked) for option in (*asked.options, None)] == [1, 0, 0]


def test_an_empty_answer_is_contained_in_nothing() -> None:
    assert not gqa.contained("", "yes")
    assert not gqa.contained(" ", "yes")


def test_without_an_answer_the_score_is_open() -> None:
    assert math.isnan(gqa.exact("yes", Asked("1")))
    assert math.isnan(gqa.containment("yes", Asked("1")))


def test_the_official_reading_comes_first() -> None:
    assert [reading.name for reading in gqa.SCORER.readings] == ["official", "containment"]


@given(st.text(st.sampled_from("ab .,-\n"), max_size=12), st.sampled_from(["a", "b", "ab", "a b", "a-b"]))
def test_what_matches_exactly_is_also_contained(text: str, answer: str) -> None:
    asked = Asked("1", answer=answer)
    exact = gqa.exact(gqa.parse(text, asked), asked)
    assert exact <= gqa.containment(gqa.parse_contained(text, asked), asked)
