"""A reply as an answer: options scored by the log-probabilities of its first token, else read from its text.

Where the server names the likeliest first tokens, and among them letters of options, or options that are one token,

    log-likelihood of an option = log of the sum of p over the tokens that are it (with or without a space; any case)

and the choice is the likeliest of them, whatever was written: as a local model is scored. An option that is not among
the tokens stays nan. But where the text names another option beyond doubt, or begins with an article, or the server
names no such tokens, the text alone decides, and no option has a score.
"""

import re
from typing import TYPE_CHECKING

import numpy as np

from analyses.scoring import Asked
from analyses.scoring.own import parse

from ... import prompts
from ..answers import chosen
from .replies import Reply

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hooks import Answer, Question

SHOWN = 80
"""Characters of an answer that a message repeats."""

ARTICLES = ("A", "I")
"""Letters that are words as well, in front of another."""


def answer(question: "Question", reply: Reply) -> "Answer":
    """What a reply says to a question."""
    cut = reply.finish == "length"
    if reply.refused:
        return chosen(question, None, invalid_reason=reply.refused)
    if reply.finish == "content_filter":
        return chosen(question, None, text=reply.text, cut=cut, invalid_reason="the server's content filter cut it off")
    if cut and not reply.text.strip():
        reason = f"the answer had not begun after {question.max_new_tokens} tokens. Give more: --max-new-tokens"
        return chosen(question, None, text=reply.text, cut=cut, invalid_reason=reason)
    if not question.options:
        return chosen(question, None, text=reply.text, cut=cut)
    choice, scores = choose(question, reply)
    reason = "" if choice is not None else f"the answer names no option beyond doubt: {short(reply.text)!r}"
    return chosen(question, choice, text=reply.text, cut=cut, log_likelihood=scores, invalid_reason=reason)


def choose(question: "Question", reply: Reply) -> "tuple[int | None, NDArray[np.float32] | None]":
    """The option that a reply chooses, None where it names none, and the scores (option) [nat] where it has some."""
    named = parse(reply.text, Asked("", options=question.options))
    by_text = None if named is None else question.options.index(named)
    scores = scored(question, reply)
    if scores is None or (by_text is None and is_article(reply)):
        return by_text, None
    by_score = int(np.nanargmax(scores))
    return (by_score, scores) if by_text in (None, by_score) else (by_text, None)


def scored(question: "Question", reply: Reply) -> "NDArray[np.float32] | None":
    """(option) log-likelihood [nat], nan where no token of it is named; None where none of any is."""
    forms = [forms_of(question, place) for place in range(len(question.options))]
    found = [[value for token, value in reply.top if is_form(token, each)] for each in forms]
    if not any(found):
        return None
    return np.array([np.logaddexp.reduce(values) if values else np.nan for values in found], np.float32)


def forms_of(question: "Question", place: int) -> tuple[str, str]:
    """The letter of an option where the message lists it by one, and its text; empty where it has none of its own."""
    letter, text = prompts.letter(place), question.options[place].strip()
    listed = re.search(rf"(?:^|[\n(\s]){letter}[.):]\s*{re.escape(text)}", question.text) is not None
    return letter if listed else "", text.casefold() if len(text) > 1 else ""


def is_form(token: str, forms: tuple[str, str]) -> bool:
    """Whether a token is an option's letter, or its text in any case.

    >>> is_form(" A", ("A", "yes")), is_form("YES", ("A", "yes")), is_form("a", ("A", "yes"))
    (True, True, False)
    """
    letter, text = forms
    bare = token.strip()
    return bool(bare) and (bare == letter or bare.casefold() == text)


def is_article(reply: Reply) -> bool:
    """Whether an answer begins with a word that is a letter as well: "A dog"."""
    token = reply.token.strip()
    return token in ARTICLES and re.match(rf"\s*{token}\s+\w", reply.text) is not None


def short(text: str) -> str:
    """A text in one line of at most `SHOWN` characters."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
