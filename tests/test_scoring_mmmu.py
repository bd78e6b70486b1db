"""MMMU: the authors' letters and open answers, quirks and all, and the strict reading beside them."""

import choice_answers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring.mmmu import SCORER, drawn_place, place_by_rules
from analyses.scoring.mmmu_open import key_phrases, normalized, numbers_in, open_answer, open_is_right, stated_answer
from analyses.scoring.scorer import Asked

OFFICIAL, STRICT = SCORER.readings
OPTIONS = ("$6", "$16", "$26", "None of these")


@pytest.mark.parametrize(("text", "option"), choice_answers.of("mmmu"))
def test_the_official_reading_gives_what_the_authors_rules_give(text: str, option: str | None) -> None:
    asked = Asked("a sample", options=choice_answers.OPTIONS)
    assert OFFICIAL.parse(text, asked) == (option or choice_answers.OPTIONS[drawn_place("a sample", 4)])


# The values of these are what `parse_multi_choice_response` of MMMU-Benchmark/MMMU@bb0b95a9 returned: None, or "-" in a
# row of letters, where it draws.
def place(text: str, options: tuple[str, ...] = OPTIONS) -> int | None:
    return place_by_rules(text, options)


def letters(*texts: str) -> str:
    return "".join("-" if (found := place(text)) is None else "ABCD"[found] for text in texts)


def test_the_last_of_several_letters_is_read() -> None:
    assert letters("(A) (B) (A)", "A B A", "(B) or C", "C and (B)", "D A B C.") == "AABBC"


def test_brackets_come_before_letters_and_letters_before_texts() -> None:
    assert place("A B C D (A) A B C D") == 0
    assert place("The right answer must be $26 or C") == 2
    assert place("A price of all of the $26 items") == 0, "the article"


def test_marks_are_cut_off_one_kind_after_the_other() -> None:
    assert letters("A.", "A,", "A:", "'A'", "A.,", "A?!", "A:;", "...A") == "AAAAAAAA"
    assert letters(".,A", "A,.", "A!?", "A. ") == "----", "the comma goes first, a space is no mark"


def test_a_letter_counts_between_spaces_alone() -> None:
    assert letters("A\n", "A: $6", "A)", "A, cat", "A\tcat", "**A**", "a", "A/B") == "--------"
    assert letters(" A ", "the A is", "A dog", "not A") == "AAAA"


def test_texts_are_looked_for_in_more_than_five_words() -> None:
    assert place("it is $26 for one") is None
    assert place("it is $26 for each one") == 2
    assert place("it is NONE OF THESE for one") == 3
    assert place("it is $16 for each $26 one") == 2, "the last"
    assert place("so it is 16 or 26 dollars") is None


def test_a_text_within_a_word_or_another_text_counts() -> None:
    assert place("we concatenate both of the two words", ("cat", "dog")) == 0
    assert place("it is a red car in there", ("car", "red car")) == 0, "the later place"
    assert place("it is a car red in there", ("car", "car red")) == 0, "the same place: the first option"
    assert place("it is a dog in the garden", ("", "dog")) == 0, "an empty text is found at the end"


def test_what_names_no_option_is_drawn_by_the_id_of_the_sample() -> None:
    # `printf q7 | sha256sum` begins with 0bd73b6a1a5c68cf, and 0xcf % 4 = 3; as a whole, % 3 = 1.
    drawn = [OFFICIAL.parse(text, Asked("q7", options=OPTIONS)) for text in ("", "not sure", "E", "a")]
    assert drawn == ["None of these"] * 4
    assert drawn_place("q7", 3) == 1
    assert [STRICT.parse(text, Asked("q7", options=OPTIONS)) for text in ("", "not sure", "E")] == [None] * 3


def test_draws_are_even_and_need_an_option() -> None:
    draws = [drawn_place(f"validation_Art_{number}", 4) for number in range(4000)]
    # Of 4000 draws each option gets 1000, with a standard deviation of 27.
    assert all(900 < draws.count(one) < 1100 for one in range(4))
    with pytest.raises(ValueError, match=r"drawn_place\('x'\): there is no option to draw from"):
        drawn_place("x", 0)


# The values of these are what `parse_open_response` and `eval_open` of MMMU-Benchmark/MMMU@bb0b95a9 returned.
OPEN = [
    ("30", ("30",), "[30.0]", 1),
    ("30 watts", ("30",), '["30 watts", 30.0]', 1),
    ("The answer is 36 watts.", ("36", "thirty-six"), '["36 watts", 36.0]', 1),
    ("", ("5",), None, 0),
    ("   ", ("5",), None, 0),
    ("not sure", ("5",), '["not sure"]', 0),
    ("Blue.", ("blue",), '["blue"]', 1),
    ("not blue", ("blue",), '["not blue"]', 1),
    ("It is a bluebird", ("blue",), '["a bluebird"]', 1),
    ("1,234.5", ("1234.5",), "[1234.0, 1234.5, 234.5]", 1),
    ("about 1,234 people", ("1234",), '["about 1,234 people", 1234.0, 234.0]', 1),
    ("1,234", ("234",), "[1234.0, 234.0]", 1),
    ("3.14159", ("3.14",), "[3.14]", 1),
    ("3.14", ("3.14159",), "[3.14]", 1),
    ("three", ("3",), '["three"]', 0),
    ("3", ("three",), "[3.0]", 0),
    ("x = 12", ("12",), "[12.0]", 1),
    ("x = 12\nThat is all", ("12",), '["all"]', 0),
    ("We add 3.\nSo the result is 12", ("12",), "[12.0]", 1),
    ("We add 3.\nSo the result is 12", ("3",), "[12.0]", 0),
    ("The first is 5. The second is 7.", ("5",), "[7.0]", 0),
    ("The first is 5. The second is 7.", ("7",), "[7.0]", 1),
    ("this 5", ("5",), "[5.0]", 1),
    ("2e3", ("2000",), "[2000.0, 3.0]", 1),
    ("35e2 or so", ("3500",), '["35e2 or so", 2.0, 3500.0]', 1),
    ("-7", ("-7",), "[-7.0]", 1),
    ("-7", ("7",), "[-7.0]", 0),
    ("3-5", ("5",), '["3-5", -5.0, 3.0]', 0),
    ("3-5", ("-5",), '["3-5", -5.0, 3.0]', 1),
    (".5", ("0.5",), "[5.0]", 0),
    ("50%", ("50%",), '["50%", 50.0]', 1),
    ("50%", ("0.5",), '["50%", 50.0]', 0),
    ("50%", ("50",), '["50%", 50.0]', 1),
    ("$6", ("6",), '["$6", 6.0]', 1),
    ("$6", ("$6",), '["$6", 6.0]', 1),
    ("٣", ("3",), "[3.0]", 1),
    ("３０", ("30",), "[30.0]", 1),
    ("x", ("x",), '[" x", "x "]', 1),
    ("x y", ("x",), '["x y"]', 1),
    ("max", ("x",), '["max"]', 0),
    ("matrix A", ("a",), '["matrix a"]', 1),
    ("A", ("A",), '[" a", "a "]', 1),
    ("nan", ("nan",), "[NaN]", 0),
    ("inf", ("inf",), "[Infinity]", 1),
    ("1_000", ("1000",), "[0.0, 1000.0]", 1),
    ("-0", ("0",), "[0.0]", 1),
    ("The answer is ", ("the answer",), '["is"]', 0),
    ("therefore ?", ("?",), '["therefore ?"]', 1),
    ("\\frac{1}{2}", ("1/2",), r'["\\frac{1}{2}", 1.0, 2.0]', 0),
    ("$x=\\frac{1}{2}$", ("\\frac{1}{2}",), r'["\\frac{1}{2}$", 1.0, 2.0]', 1),
    ("don't know", ("know",), '["don\'t know"]', 1),
    ("0.00", ("0",), "[0.0]", 1),
    ("12.005", ("12.01",), "[12.01]", 1),
    ("1/2", ("0.5",), '["1/2", 1.0, 2.0]', 0),
    ("could be 4, or 5", ("4",), '["4, or 5", 5.0]', 0),
    ("final answer\nis so final answer \n8", ("8",), '["answer"]', 0),
    ("final answer\nis so final answer \n8", ("answer",), '["answer"]', 1),
    ("Line one\nline two", ("line one",), r'["line one\nline two"]', 1),
    ("24/7", ("['24/7', '3.429']",), '["24/7", 24.0, 7.0]', 0),
    ("0.5", ("1/2", "0.5"), "[0.5]", 1),
]


@pytest.mark.parametrize(("text", "references", "parsed", "right"), OPEN)
def test_an_open_answer_gives_what_the_authors_give(
    text: str, references: tuple[str, ...], parsed: str | None, right: int
) -> None:
    asked = Asked("1", references=references)
    assert OFFICIAL.parse(text, asked) == parsed
    assert OFFICIAL.correct(parsed, asked) == right


def test_sentences_are_not_split_but_lines_are() -> None:
    assert key_phrases("It is 5. So it is 6 here") == ["6 here"]
    assert key_phrases("It is 5.\nSo it is 6 here") == ["5.", "6 here"]
    assert key_phrases("a = 5\nb = 6") == ["6"], "an equation counts in the last line"


def test_the_shortest_rest_counts_and_one_mark_is_none() -> None:
    assert key_phrases("so the final answer is 12 of them") == ["12 of them"]
    assert key_phrases("the answer is :") == ["the answer is :"]
    assert key_phrases("thus so it is so") == ["so"]


def test_numbers_are_found_in_every_way_of_writing_them() -> None:
    assert numbers_in("1,234,567 and -5 and 1.5e-3 and .25") == [
        "1,234,567", "1.5e-3", "567", "-5", "1", "-3", ".25",
    ]  # fmt: skip
    assert numbers_in("5, 6 and 7") == ["6", "7"], "none before a comma"
    assert numbers_in("none") == []


def test_a_number_is_compared_to_two_decimals_and_a_text_in_small_letters() -> None:
    assert normalized(" 1,234.567 ") == [1234.57]
    assert normalized("Blue Sky") == ["blue sky"]
    assert normalized("X") == [" x", "x "]
    assert normalized("12 m") == ["12 m"]


STATED = [
    ("30", ("30",), "30.0", 1),
    ("30.00", ("30",), "30.0", 1),
    ("1,234.5", ("1234.5",), "1234.5", 1),
    ("30 watts", ("30",), "30 watts", 0),
    ("30 watts", ("30", "30 watts"), "30 watts", 1),
    ("The answer is 36.", ("36",), "36.0", 1),
    ("**Answer:** 36", ("36",), "36.0", 1),
    ("Some lines.\nThe final answer is: 5", ("5",), "5.0", 1),
    ("The answer is 4. No:\nthe answer is 5", ("5",), "5.0", 1),
    ("Blue.", ("blue",), "blue", 1),
    ("not blue", ("blue",), "not blue", 0),
    ("It is a bluebird", ("blue",), "it is a bluebird", 0),
    ("x", ("x",), "x", 1),
    ("max", ("x",), "max", 0),
    (".5", ("0.5",), "0.5", 1),
    ("-7", ("7",), "-7.0", 0),
    ("３０", ("30",), "30.0", 1),
    ("٣", ("3",), "3.0", 1),
    ("$\\text{Blue}$", ("blue",), "blue", 1),
    ("50%", ("50",), "50%", 0),
    ("three", ("3",), "three", 0),
    ("", ("5",), None, 0),
    (" \n ", ("5",), None, 0),
    ("?", ("5",), None, 0),
]


@pytest.mark.parametrize(("text", "references", "parsed", "right"), STATED)
def test_a_stated_answer_must_equal_a_reference(
    text: str, references: tuple[str, ...], parsed: str | None, right: int
) -> None:
    asked = Asked("1", references=references)
    assert STRICT.parse(text, asked) == parsed
    assert STRICT.correct(parsed, asked) == right


def test_an_answer_stands_for_references_and_without_either_nothing_is_defined() -> None:
    for reading in SCORER.readings:
        assert reading.correct(reading.parse("5", Asked("1")), Asked("1", answer="5")) == 1.0
        assert str(reading.correct("5", Asked("1"))) == "nan"
        assert str(reading.correct("cat", Asked("1", options=("cat", "dog")))) == "nan"


def test_the_likeliest_option_is_scored_as_a_text_is() -> None:
    asked = Asked("1", options=OPTIONS, answer="$16")
    for reading in SCORER.readings:
        assert [reading.correct(option, asked) for option in ("$16", "$6", None)] == [1.0, 0.0, 0.0]


def test_an_open_answer_that_was_not_read_is_wrong() -> None:
    assert open_is_right(None, Asked("1", references=("5",))) == 0.0


@given(st.lists(st.sampled_from(["(A)", "(B)", "A", "B", "C", "is", "a", "the", "."]), max_size=8).map(" ".join))
def test_the_letter_is_the_same_whatever_the_options_say(text: str) -> None:
    assert place(text, ("tree", "house", "river")) == place(text, ("river", "tree", "house"))


@given(st.sampled_from(["tree", "house", "river", "rock"]), st.permutations(("tree", "house", "river")))
def test_options_in_another_order_change_the_place_and_not_the_option(word: str, order: list[str]) -> None:
    text = f"it is one {word} or what else"
    found = place(text, tuple(order))
    assert (None if found is None else order[found]) == (word if word in order else None)


@given(st.text(max_size=60))
def test_what_is_read_of_an_open_answer_is_right_where_it_is_the_reference(text: str) -> None:
    parsed = stated_answer(text)
    assert open_is_right(open_answer("5"), Asked("1", references=("5", text))) == 1.0
    if parsed is not None:
        assert STRICT.correct(parsed, Asked("1", references=(parsed,))) == 1.0
