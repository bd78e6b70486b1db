"""Options as benchmarks write them: letters that name them, white space around them, two that are equal."""

from collections.abc import Iterable, Sequence

from ..prompts import letter
from .fields import brief
from .rows import RowError


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The options without white space around them, the second of two equal ones with (2) behind it, and so on.

    Official files have questions with two equal options, of which a letter picks one: they stay in the benchmark, each
    option in its place, and no two are the same text.

    >>> distinct(["0.917 g", "0.841 g ", "0.946 g", "0.841 g"])
    ('0.917 g', '0.841 g', '0.946 g', '0.841 g (2)')
    """
    found: list[str] = []
    seen: dict[str, int] = {}
    for text in (text.strip() for text in texts):
        seen[text] = seen.get(text, 0) + 1
        found.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return tuple(found)


def named(answer: str, options: Sequence[str]) -> str:
    """The option that a letter names, A the first; parentheses around it and its case make no difference.

    Raises RowError where it names none.

    >>> named("(b)", ("a bus", "a car"))
    'a car'
    """
    letters = [letter(index) for index in range(len(options))]
    written = answer.strip().strip("()").upper()
    if written not in letters:
        raise RowError(f"the answer {brief(answer)} names none of the options {', '.join(letters)}.")
    return options[letters.index(written)]


def lines(options: Iterable[str], form: str) -> str:
    r"""The options, each written in a form of {letter} and {option}.

    >>> lines(("a bus", "a car"), "({letter}) {option}\n")
    '(A) a bus\n(B) a car\n'
    """
    return "".join(form.format(letter=letter(index), option=option) for index, option in enumerate(options))
