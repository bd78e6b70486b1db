"""TextVQA's answers are normalised and scored as by its own processor, whose results are written down here."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring import Asked, textvqa, vqav2

AS_VQAV2 = (
    *(("yes", "yes"), ("Yes.", "yes"), ("NO!", "no"), ("light\nblue", "light blue"), ("light\tblue", "light blue")),
    *(("The dog", "dog"), ("a", ""), ("An apple a day", "apple day"), ("one", "1"), ("None of them", "0 of them")),
    *(("twenty one", "twenty 1"), ("isnt", "isn't"), ("dont know", "don't know"), ("Im", "im"), ("lets", "lets")),
    *(("couldn'tve", "couldn't've"), ("somebody'd", "somebodyd"), ("hes", "he's"), ("10 oclock", "10 o'clock")),
    *(("1,000", "1000"), ("1, 2", "1 2"), ("1,2 and 3", "12 and 3"), ("red, white", "red white")),
    *(("black-and-white", "black and white"), ("black - white", "black white"), ("t-shirt", "t shirt")),
    *(("(red)", "red"), ('"stop"', "stop"), ("what?!", "what"), ("3.5", "3.5"), ("3.", "3"), ("u.s.", "us")),
    *(("no.1", "no.1"), ("$5.00", "$5.00"), ("50%", "50%"), ("12:30", "12:30"), ("&", "&"), ("dogs'", "dogs'")),
    *(("", ""), ("?", ""), ("...", ""), ("yes and no", "yes and no"), ("not sure", "not sure"), ("É", "é")),
)

APART = (  # text, TextVQA's, VQAv2's
    ("dog's", "dog 's", "dog's"),
    ("Joe's", "joe 's", "joe's"),
    ("let's", "let 's", "let's"),
    ("she's", "she 's", "she's"),
    ("where's", "where 's", "where's"),
    ("'sup", "'sup", "'sup"),
    ("joe'sbar", "joe 'sbar", "joe'sbar"),
    ("red,white", "redwhite", "red white"),
    ("1,000/2", "1000 2", "10002"),
    ("1,000-2,000", "1000 2000", "10002000"),
    ("what?now", "whatnow", "what now"),
    ("٣,٤", "٣٤", "٣ ٤"),
    ("٣.٤", "٣.٤", "٣٤"),
    ("１,０００", "１０００", "１ ０００"),
    ("well ,t-shirt", "well t shirt", "well t shirt"),
)


@pytest.mark.parametrize(("text", "official"), AS_VQAV2)
def test_most_answers_are_normalised_as_in_vqav2(text: str, official: str) -> None:
    assert textvqa.normalized(text) == official == vqav2.normalized(text)


@pytest.mark.parametrize(("text", "official", "of_vqav2"), APART)
def test_some_answers_are_normalised_otherwise_than_in_vqav2(text: str, official: str, of_vqav2: str) -> None:
    assert textvqa.normalized(text) == official
    assert vqav2.normalized(text) == of_vqav2


def test_a_contraction_without_apostrophe_is_never_that_with_one() -> None:
    # "wheres" becomes "where's" after "'s" was taken apart, "where's" itself becomes "where 's" and stays so
    asked = Asked("1", references=("where's",) * 10)
    assert textvqa.parse("wheres", asked) == "where's"
    assert textvqa.accuracy(textvqa.parse("wheres", asked), asked) == 0
    assert textvqa.accuracy(textvqa.parse("Where's?", asked), asked) == 1


def test_answers_are_normalised_even_where_all_references_are_the_same() -> None:
    asked = Asked("1", references=("STOP",) * 10)
    assert [textvqa.accuracy(textvqa.parse(text, asked), asked) for text in ("stop", "Stop.", "the stop", "go")] == [
        1,
        1,
        1,
        0,
    ]


@pytest.mark.parametrize(
    ("text", "score"),  # by hand as in VQAv2: 1 of 10 is 0.3, 2 are 0.6, 3 are 0.9, 4 are 1
    [
        ("joe's", 0.9),
        ("joes", 0.3),
        ("Joe 's", 0.9),
        ("bar", 0.6),
        ("the bar", 0.6),
        ("diner!", 1.0),
        ("", 0.0),
        ("10", 0.0),
    ],
)
def test_matches_of_ten_references_score_as_in_vqav2(text: str, score: float) -> None:
    asked = Asked("1", references=("Joe's", "joe's", "JOE'S", "Joes", "a bar", "bar.", *["diner"] * 4))
    assert textvqa.accuracy(textvqa.parse(text, asked), asked) == pytest.approx(score, abs=1e-12)


def test_without_references_the_score_is_open_and_no_answer_is_wrong() -> None:
    assert math.isnan(textvqa.accuracy("stop", Asked("1")))
    assert textvqa.accuracy(None, Asked("1", references=("stop",) * 10)) == 0


def test_an_option_is_found_by_its_normal_form_and_scored_as_it_stands() -> None:
    asked = Asked("1", options=("Joe's", "A bar"), answer="Joe's")
    assert [textvqa.parse(text, asked) for text in ("joe 's", "bar!", "diner")] == ["Joe's", "A bar", None]
    assert [textvqa.accuracy(option, asked) for option in asked.options] == [1, 0]


@given(st.text(st.sampled_from("ae.,-' \n1٣sT?"), max_size=20))
def test_neither_commas_nor_question_marks_nor_case_matter(text: str) -> None:
    plain = text.replace(",", "").replace("?", "").upper()
    assert textvqa.normalized(text) == textvqa.normalized(plain)
