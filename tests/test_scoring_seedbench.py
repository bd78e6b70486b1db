"""SEED-Bench: the first character of a free answer as lmms-eval reads it; the strict reading beside it."""

import choice_answers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring.scorer import Asked
from analyses.scoring.seedbench import SCORER, first_character_option

FIRST, STRICT = SCORER.readings


@pytest.mark.parametrize(("text", "option"), choice_answers.of("seedbench"))
def test_the_first_character_gives_what_lmms_eval_gives(text: str, option: str | None) -> None:
    assert FIRST.parse(text, Asked("1", options=choice_answers.OPTIONS)) == option


def test_the_two_readings_differ_where_a_word_begins_with_a_letter() -> None:
    asked = Asked("1", options=("cat", "dog", "hen", "cow"), answer="cat")
    read = {reading.name: [reading.parse(text, asked) for text in ("A", "cat", "(A)")] for reading in SCORER.readings}
    assert read == {"first_character": ["cat", "hen", None], "strict": ["cat", "cat", "cat"]}


def test_the_likeliest_option_is_scored_as_a_text_is() -> None:
    asked = Asked("1", options=("cat", "dog"), answer="dog")
    for reading in SCORER.readings:
        assert [reading.correct(option, asked) for option in ("cat", "dog", None)] == [0.0, 1.0, 0.0]


def test_a_letter_beyond_the_options_is_none() -> None:
    assert first_character_option("C", Asked("1", options=("cat", "dog"))) is None
    assert first_character_option("A", Asked("1")) is None


def test_digits_and_other_scripts_are_no_letter() -> None:
    asked = Asked("1", options=("cat", "dog", "hen"))
    assert [first_character_option(text, asked) for text in ("1", "٣", "Ａ", "Α", "А", "İ", "ß", "")] == [None] * 8


@given(st.text(max_size=20), st.text(max_size=20))
def test_nothing_behind_the_first_character_matters(text: str, more: str) -> None:
    asked = Asked("1", options=("cat", "dog", "hen", "cow"))
    first = text.strip()[:1]
    if first:
        assert first_character_option(first + more, asked) == first_character_option(first, asked)


@given(st.sampled_from("ABCDabcd"), st.permutations(("cat", "dog", "hen", "cow")))
def test_the_letter_names_the_place_whatever_stands_there(letter: str, options: list[str]) -> None:
    parsed = first_character_option(f" {letter}. text", Asked("1", options=tuple(options)))
    assert parsed == options["ABCD".index(letter.upper())]
