"""The strict reading of a letter: an option beyond doubt, or none."""

import choice_answers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring.letters import STRICT, chosen_option, option_is_right, option_letter, option_text
from analyses.scoring.plain_text import compared, plain
from analyses.scoring.scorer import Asked

OPTIONS = ("cat", "dog", "Vitamin C", "bird")


def letters(texts: str, options: tuple[str, ...] = OPTIONS) -> str:
    """The letters of texts between bars, "-" where there is none."""
    return "".join(option_letter(text, options) or "-" for text in texts.split(" | "))


@pytest.mark.parametrize(("text", "option"), choice_answers.of("strict"))
def test_the_strict_reading_gives_what_a_careful_reader_would(text: str, option: str | None) -> None:
    assert STRICT.parse(text, Asked("1", options=choice_answers.OPTIONS)) == option


def test_a_letter_is_read_in_every_way_of_marking_it() -> None:
    assert (
        letters("A | A. | A, | A) | (A) | [A] | {A} | **A** | `A` | 'A' | \"A\" | A: cat | A - cat | - A. cat")
        == "AAAAAAAAAAAAAA"
    )
    assert letters("Option B | Choice (B) | letter B | B because it barks | B, because it barks") == "BBBBB"


def test_a_statement_counts_before_what_is_said_of_the_others() -> None:
    assert letters("The answer is A. The other options, B and C, are wrong.") == "A"
    assert letters("The answer to the question is: D. | the correct choice is: B) dog | So I choose D") == "DBD"
    assert letters("B is the correct answer | Option B is right, not (A) | <answer>D</answer>") == "BBD"
    assert letters("Reasoning about (A) and (B).\nFinal answer: D | Cats sit.\nAnswer:\nA") == "DA"


def test_two_letters_are_no_answer() -> None:
    assert letters("A or B | A/B | (A) or (B) | (A) (B) | A\nB | A. cat\nB. dog | A, B | B, no: A") == "--------"
    assert letters("The answer is A or B | Answer: A and B | Answer: (A)/(B) | The answer is B, A is wrong") == "----"
    assert letters("Final answer: C\nFinal answer: D | \\boxed{A} \\boxed{B} | A is correct. B is correct.") == "---"
    assert letters("(B). It holds C and D.") == "-"


def test_a_list_of_the_options_is_no_answer() -> None:
    assert letters("The correct answer is:\n\n(A) cat\n(B) dog\n(C) Vitamin C | Answer: A. cat\nB. dog") == "--"
    texts = "Each option:\\n(A) It sits.\\n(B) It barks. | Option: (A) one, (B) another | four options: A, B, C, D"
    assert letters(texts) == "---"
    assert letters("The correct option is:\n(B) dog\nThe others are not. | The best choice: C") == "BC"


def test_one_letter_said_twice_is_one_answer() -> None:
    assert letters("(A). The answer is A. | B\n\nAnswer: B | Option D. So (D).") == "ABD"


def test_an_article_is_no_letter() -> None:
    assert letters("A dog | a dog | A dog. | It is a dog | A | The answer is a dog | Answer: A dog | A\n") == "----A--A"
    assert letters("A. | a. | A cat | (B) A dog", ("a cat", "A dog")) == "AAAB"
    assert letters("A dog", ("cat", "A dog")) == "B", "an option's whole text"


def test_a_pronoun_is_no_letter() -> None:
    nine = tuple(f"number {place}" for place in range(9))
    assert letters("I think so. | I | (I) | The answer is I.", nine) == "-III"


def test_a_letter_within_a_word_is_none() -> None:
    assert letters("Apple | A-frame | C++ | C# | D'accord | A's | A.M. | U.S.A. | B12 | 3D | dB") == "-----------"
    assert letters("Bird watchers | Éa | catalogue") == "---"


def test_small_letters_count_where_no_word_can_be_meant() -> None:
    assert letters("b | b. | b) | (b) | answer: b | the answer is b because it barks | \\boxed{b}") == "BBBBBBB"
    assert letters("the answer is a dog | option d is fine") == "-D"
    assert letters("(B) one of the dog(s) | (B), of f (x)") == "BB", "no option is x"


def test_a_denied_letter_is_no_answer() -> None:
    assert letters("not A | Not (A) | It isn't (A). | (A) is wrong | Option A is incorrect | Never (B)") == "------"
    assert letters("The answer is not A | I don't think the answer is (A) | I don't think A is correct.") == "---"
    assert letters("Neither (A) nor (B) | anything except (C) | not A but B") == "---"
    assert letters("The answer is not A. The answer is B. | It's not A, it's B | The answer is A, not B") == "BBA"


def test_a_question_back_is_no_answer() -> None:
    assert letters("Is it (A)? | (B)? | Is the answer: A?") == "---"


def test_letters_beyond_the_options_are_no_answer() -> None:
    assert letters("E | (E) | The answer is E | Option F") == "----"
    assert letters("C | (C) | The answer is D", ("cat", "dog")) == "---"
    assert letters("(A) or (E)") == "-", "it still is a second letter"


def test_a_text_that_is_an_option_is_read_in_any_case_and_markup() -> None:
    assert letters('dog | Dog. | DOG! | "dog" | **Dog** | vitamin  c | Vitamin C.') == "BBBBBCC"
    assert letters("dogs | the dog | It is a dog. | cat or dog | cat dog") == "-----"
    assert letters("$6 | 6 | .5 | 5", ("$6", "7", ".5", "5")) == "A-CD"


def test_a_letter_and_the_text_of_another_option_are_no_answer() -> None:
    assert letters("A. dog | (A) dog | The answer is A: dog | B. Vitamin C | A dog") == "-----"
    assert letters("B. dog | (B) dog | B dog | B.dog | The answer is C. Vitamin C | (C) Vitamin C") == "BBBBCC"
    assert letters("C. elegans | C", ("C. elegans", "dog", "yeast")) == "-C"


def test_options_that_are_letters_are_read_where_both_ways_agree() -> None:
    assert letters("A | B", ("B", "A")) == "--"
    assert letters("A | B", ("A", "B")) == "AB"
    assert letters("Image B | A is closer", ("Image B", "A is closer")) == "AB"
    assert letters("A and B | (C)", ("A", "B", "A and B")) == "CC"


def test_latex_is_unwrapped() -> None:
    texts = (
        r"$B$ | \(B\) | \[B\] | \boxed{B} | $\boxed{\text{B}}$ | \textbf{(B)} | The answer is $\mathrm{B}$. | \text{B.}"
    )
    assert letters(texts) == "BBBBBBBB"


def test_full_width_forms_are_read_and_look_alikes_are_not() -> None:
    assert letters("Ａ | （Ａ） | Ａ． | 【Ａ】 | Ａ：cat | ａ") == "AAAAAA"
    cyrillic, greek, circled = "А", "Α", "Ⓐ"
    assert letters(f"{cyrillic} | {greek} | {circled} | ({cyrillic})") == "----"


def test_chinese_statements_are_read() -> None:
    assert letters("答案是A | 答案：B | 正确答案：Ｃ。 | 选D | 选择B | 选项C | A、cat | 应选A。") == "ABCDBCAA"
    assert letters("不选A | 选项B错误 | 答案是A或B") == "---"


def test_numbers_are_options_by_their_text_alone() -> None:
    assert letters("1 | 2. | (1) | Option 1 | ١") == "-----"
    assert letters("3 | ３ | ٣ | (3) | three", ("1", "2", "3")) == "CCC--"
    assert letters("10² | 102", ("10²", "dog")) == "A-"


def test_nothing_is_no_answer() -> None:
    assert letters(" |  | \n | ... | not sure | I cannot tell | None of the above | ？") == "--------"
    assert option_letter("A", ()) is None


def test_two_equal_options_are_one_text() -> None:
    asked = Asked("1", options=("0", "0", "1"), answer="0")
    assert [chosen_option(text, asked) for text in ("A", "B", "0", "C")] == ["0", "0", "0", "1"]


def test_only_the_first_26_options_have_a_letter() -> None:
    many = tuple(f"number {place}" for place in range(30))
    assert letters("Z | number 25 | number 29", many) == "ZZ-"


def test_an_answer_is_scored_against_the_right_option() -> None:
    asked = Asked("1", options=OPTIONS, answer="dog")
    assert [option_is_right(parsed, asked) for parsed in ("dog", "cat", None)] == [1.0, 0.0, 0.0]
    assert str(option_is_right("dog", Asked("1", options=OPTIONS))) == "nan"
    assert str(option_is_right("dog", Asked("1", answer="dog"))) == "nan"
    assert option_text("D", asked) == "bird"
    assert option_text(None, asked) is option_text("E", asked) is None


def test_a_text_is_made_plain_without_losing_what_it_says() -> None:
    assert plain("2*3*4 and $6 or $7, snake_case_name") == "2*3*4 and $6 or $7, snake_case_name"
    assert plain("**a**\n\n  _b_  `c`") == "a\nb c"
    assert compared("  'Yes, it is!' ") == "yes, it is"


WORDS = st.sampled_from(
    [
        "A",
        "B",
        "C",
        "D",
        "(A)",
        "(B)",
        "A.",
        "B:",
        "answer",
        "is",
        "not",
        "or",
        "the",
        "a",
        "dog",
        "Ａ",
        "选",
        "?",
        "\n",
        ",",
    ]
)


@given(st.lists(WORDS, max_size=8).map(" ".join), st.permutations((0, 1, 2)))
def test_options_in_another_order_change_the_option_and_not_the_letter(text: str, order: list[int]) -> None:
    names = ("red bus", "green tree", "blue lake")
    turned = tuple(names[place] for place in order)
    assert option_letter(text, names) == option_letter(text, turned)


@given(st.text(max_size=60), st.lists(st.text(max_size=8), max_size=5).map(tuple))
def test_any_text_gives_one_of_the_options_or_none(text: str, options: tuple[str, ...]) -> None:
    parsed = chosen_option(text, Asked("1", options=options))
    assert parsed is None or parsed in options


@given(
    st.sampled_from("ABCD"),
    st.sampled_from(["{}", "({})", "{}.", "**{}**", "Answer: {}", "The answer is {} because …"]),
)
def test_what_stands_around_a_letter_does_not_matter(letter: str, around: str) -> None:
    assert option_letter(around.format(letter), OPTIONS) == letter
    assert option_letter(f"  {around.format(letter)}\n", OPTIONS) == letter
