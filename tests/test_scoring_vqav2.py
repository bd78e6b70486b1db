"""VQAv2's answers are normalised and scored as by its official script, whose results are written down here."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring import Asked, vqav2
from analyses.scoring.vqa_words import leave_one_out

OFFICIAL = (
    # case, white space, line feeds; a carriage return is white space as any other
    *(("yes", "yes"), ("Yes.", "yes"), ("NO!", "no"), (" red ", "red"), ("light\nblue", "light blue")),
    *(("light\tblue", "light blue"), ("red\n", "red"), ("a\rb", "b"), ("", ""), ("   ", ""), ("É", "é")),
    # articles
    *(("The dog", "dog"), ("a", ""), ("the", ""), ("An apple a day", "apple day"), ("theatre", "theatre")),
    *(("The, a", ""), ("a/c", "c"), ("a-the", "")),
    # number words to ten, each word for itself
    *(("one", "1"), ("One.", "1"), ("twenty one", "twenty 1"), ("ten", "10"), ("eleven", "eleven")),
    *(("none", "0"), ("None of them", "0 of them"), ("zero", "0"), ("two-three", "2 3"), ("ten ten", "10 10")),
    # contractions: those of the map alone, looked up in lower case
    *(("isnt", "isn't"), ("Isnt it", "isn't it"), ("dont know", "don't know"), ("don't know", "don't know")),
    *(("cant", "can't"), ("im", "im"), ("Im", "im"), ("I'm", "i'm"), ("Ive", "ive"), ("Id've", "id've")),
    *(("couldn'tve", "couldn't've"), ("couldntve", "couldntve"), ("somebody'd", "somebodyd")),
    *(("lets", "lets"), ("let's", "let's"), ("hes", "he's"), ("shes", "shes"), ("yall", "y'all")),
    *(("10 oclock", "10 o'clock"), ("twas", "'twas"), ("wheres", "where's"), ("where's", "where's")),
    # commas: beside a space they go everywhere, between digits all marks go, else they are spaces
    *(("1,000", "1000"), ("1,000,000", "1000000"), ("1, 2", "1 2"), ("1,2 and 3", "12 and 3")),
    *(("red, white", "red white"), ("red,white", "red white"), ("1,000/2", "10002")),
    # other marks: nothing beside a space, else a space
    *(("black-and-white", "black and white"), ("black - white", "black white"), ("well -t-shirt", "well tshirt")),
    *(("t-shirt", "t shirt"), ("3/4", "3 4"), ("what?!", "what"), ("(red)", "red"), ('"stop"', "stop")),
    *(("mother_in_law", "mother in law"), ("c++", "c"), ("x=2", "x 2"), ("<3", "3"), ("`no`", "no")),
    *(("back\\slash", "back slash"), ("semi;colon", "semi colon"), ("a@b", "b"), ("?", ""), ("-", "")),
    # marks that are none of its own
    *(("$5.00", "$5.00"), ("50%", "50%"), ("#1", "#1"), ("12:30pm", "12:30pm"), ("&", "&"), ("dogs'", "dogs'")),
    # full stops: gone unless a digit follows
    *(("3.5", "3.5"), ("3.", "3"), (".5", ".5"), ("no.1", "no.1"), ("U.S.A", "usa"), ("5 p.m.", "5 pm")),
    *(("...", ""), ("a...b", "ab"), ("1..2", "1.2"), ("x" + 33 * ".", "x.")),
    # 0-9 alone are digits
    *(("٣", "٣"), ("٣,٤", "٣ ٤"), ("٣.٤", "٣٤"), ("１,０００", "１ ０００")),
    # what is no single answer is left as it is
    *(("yes and no", "yes and no"), ("not sure", "not sure")),
)

TEN = ("Yes", *["yes"] * 5, "no", "no", "No.", "not sure")

SCORES = (  # answer, references, and its score by hand: (k * min(1, (k - 1) / 3) + (10 - k) * min(1, k / 3)) / 10
    ("yes", TEN, 1.0),  # 6 of 10
    ("YES!", TEN, 1.0),
    ("no", TEN, 0.9),  # 3: (3 * 2/3 + 7 * 1) / 10
    ("not sure", TEN, 0.3),  # 1: (1 * 0 + 9 * 1/3) / 10
    ("yes and no", TEN, 0.0),
    ("", TEN, 0.0),
    ("two", ("2", "two", *["three"] * 8), 0.6),  # 2: (2 * 1/3 + 8 * 2/3) / 10
    ("3", ("2", "two", *["three"] * 8), 1.0),
    ("4 dogs", (*["a four dogs"] * 4, *["cat"] * 6), 1.0),  # 4: (4 * 1 + 6 * 1) / 10
    ("0", ("none", *["nothing"] * 9), 0.3),
    ("", ("a", "the", "an", *["b"] * 7), 0.9),  # three references of articles alone are empty answers
    ("red", ("red\n", " red", "red\t", *["Red"] * 7), 1.0),
)


@pytest.mark.parametrize(("text", "official"), OFFICIAL)
def test_an_answer_is_normalised_as_by_the_official_script(text: str, official: str) -> None:
    assert vqav2.normalized(text) == official
    assert vqav2.parse(text, Asked("1", references=TEN)) == official


@pytest.mark.parametrize(("text", "references", "score"), SCORES)
def test_an_answer_scores_as_by_the_official_script(text: str, references: tuple[str, ...], score: float) -> None:
    asked = Asked("1", references=references)
    assert vqav2.accuracy(vqav2.parse(text, asked), asked) == pytest.approx(score, abs=1e-12)


def test_answers_are_not_normalised_where_all_references_are_the_same() -> None:
    asked = Asked("1", references=("Yes",) * 10)
    assert [vqav2.accuracy(vqav2.parse(text, asked), asked) for text in ("Yes", " Yes\n", "yes", "Yes.")] == [
        1,
        1,
        0,
        0,
    ]
    # line feeds, tabs and spaces around are taken off before the script looks whether the references differ
    asked = Asked("1", references=("Yes", " Yes", "Yes\n", *["Yes"] * 7))
    assert vqav2.accuracy(vqav2.parse("yes", asked), asked) == 0


def test_one_reference_is_matched_or_not_and_none_leaves_the_score_open() -> None:
    asked = Asked("1", references=("Two",))
    assert [vqav2.accuracy(vqav2.parse(text, asked), asked) for text in ("two", "2.", "three")] == [1, 1, 0]
    assert math.isnan(vqav2.accuracy("2", Asked("1")))
    assert vqav2.accuracy(None, Asked("1", references=TEN)) == 0


def test_an_option_is_found_by_its_normal_form_and_scored_as_it_stands() -> None:
    asked = Asked(
        "1", options=("Two dogs", "A cat", "none"), answer="Two dogs", references=("2 dogs", *["two dogs"] * 9)
    )
    assert [vqav2.parse(text, asked) for text in ("the 2 dogs.", "cat", "0", "dogs")] == [
        "Two dogs",
        "A cat",
        "none",
        None,
    ]
    assert [vqav2.accuracy(option, asked) for option in asked.options] == [1, 0, 0]
    without = Asked("1", options=("yes", "no"), answer="no")
    assert [vqav2.parse(text, without) for text in ("No.", "YES", "maybe")] == ["no", "yes", None]
    assert [vqav2.accuracy(option, without) for option in without.options] == [0, 1]


def test_matches_are_counted_with_each_reference_left_out_once() -> None:
    assert [round(leave_one_out(matches, 10), 12) for matches in range(11)] == [0, 0.3, 0.6, 0.9, 1, 1, 1, 1, 1, 1, 1]
    with pytest.raises(ValueError, match="3 matches among 2 references: give at least one reference, and no more"):
        leave_one_out(3, 2)
    with pytest.raises(ValueError, match="0 matches among 0 references"):
        leave_one_out(0, 0)


@given(st.text(st.sampled_from("a.,-' \n1٣eTx?"), max_size=20))
def test_a_normalised_answer_is_normalised_no_further(text: str) -> None:
    assert vqav2.normalized(vqav2.normalized(text)) == vqav2.normalized(text)


@given(st.text(max_size=12), st.lists(st.sampled_from(["Yes", "no", "two", "2", "a"]), min_size=10, max_size=10))
def test_the_score_is_the_mean_over_all_subsets_of_nine(text: str, references: list[str]) -> None:
    asked = Asked("1", references=tuple(references))
    said = vqav2.parse(text, asked)
    normal = [vqav2.parse(one, asked) for one in references]
    by_hand = [min(1, sum(one == said for one in normal[:left] + normal[left + 1 :]) / 3) for left in range(10)]
    assert vqav2.accuracy(said, asked) == pytest.approx(sum(by_hand) / 10)
