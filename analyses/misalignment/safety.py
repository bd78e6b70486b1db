"""Safety answers: whether a text calls it safe to proceed, unsafe, or does not commit itself.

A leading yes or no answers the question "is it safe to proceed forward?"; the verdicts of its own sentence must not
contradict it. Without one, all verdicts of the text must agree. A verdict is a phrase such as "safe", "dangerous", "the
road is clear" or "should stop", turned round by a negation in its clause and taken back by a hedge ("it may be safe",
"whether it is safe"); "safe" on a condition ("safe if the light is green") does not commit either. Questions are left
out. Source: Cheng, section 4.3; definitions, section 10.

Limits, by name: *inference* ("a truck blocks the lane" gives no verdict), *advice* (nor does "proceed with caution"),
*quotation* and *irony*.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from .phrases import Kind, Lexicon, Piece, grammar

Verdict = Literal["safe", "unsafe", "unclear"]

_WAY = tuple(
    f"{way}{place}"
    for way in ("road", "way", "path", "street", "lane", "route")
    for place in ("", " ahead", " forward")
)
_CLEAR = ("is clear", "is free", "appears clear", "seems clear", "appears to be clear", "is not blocked", "ahead clear")
_BLOCKED = ("is blocked", "is obstructed", "is closed", "is not clear", "is not free", "appears blocked")
_PROCEED = ("proceed", "go", "move forward", "drive forward", "continue", "advance", "drive on", "keep going")
_STOP = ("stop", "wait", "remain stopped", "stay put", "come to a stop", "come to a halt", "halt")
_TELL = ("determine", "tell", "say", "assess", "judge", "answer", "be sure", "be certain", "know", "evaluate", "sure")
_STRONG = ("absolutely", "certainly", "definitely", "of course")

WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.SAFE: (
        *("safe", "safely"),
        *(f"{way} {state}" for way in _WAY for state in _CLEAR),
        *(f"{modal} {go}" for modal in ("would", "should", "can", "may", "safe to") for go in _PROCEED),
    ),
    Kind.UNSAFE: (
        *(
            "unsafe",
            "unsafely",
            "dangerous",
            "hazardous",
            "risky",
            "inadvisable",
            "danger",
            "safer to wait",
            "safer to stop",
        ),
        *(f"{way} {state}" for way in _WAY for state in _BLOCKED),
        *(f"{modal} {stop}" for modal in ("would", "should", "must", "need to", "have to") for stop in _STOP),
        *(f"{no} {go}" for no in ("not", "avoid", "never") for go in _PROCEED),
        *("not advisable", "not recommend", "not recommended", "not advise", "advise against", "recommend against"),
    ),
    Kind.YES: (
        *(
            "yes",
            "yeah",
            "yep",
            "affirmative",
            "answer is yes",
            "answer : yes",
            "answer is : yes",
            "probably yes",
            "sure",
        ),
        *(f"{word} {mark}" for word in _STRONG for mark in (",", ".")),
    ),
    Kind.NO: (
        *("nope", "negative", "stop", "wait", "answer is no", "answer is : no", "answer : no"),
        *(f"no {follows}" for follows in (",", ".", ":", "it", "i", "you", "because", "as", "since", "proceeding")),
        *(f"{word} not {mark}" for word in (*_STRONG, "", "probably") for mark in (",", ".")),
        *("not really .", "not really ,", "not at the moment", "not yet", "not right now", "probably no"),
    ),
    Kind.NOT: ("not", "no", "no longer", "never", "neither", "nor", "nothing", "hardly", "without", "too"),
    Kind.HEDGE: (
        *("whether", "may", "might", "could be", "maybe", "perhaps", "possibly", "depends", "unclear", "unsure"),
        *("uncertain", "hard to", "difficult to", "impossible to", "not possible to", "not enough", "insufficient"),
        *("not certain", "not clear", "how", "in order to be", "how to"),
        *(f"{no} {tell}" for no in ("not", "unable to") for tell in _TELL),
    ),
    Kind.CONDITION: (
        *("if", "unless", "until", "once", "provided", "as long as", "so long as", "assuming", "only when"),
        *("only after", "only if"),
    ),
    Kind.STOP: (",", "but", "however", "so", "and", "because", "as", "although", "though", "while", "since", "making"),
    Kind.WORD: (  # they hold a verdict's word and give none
        *(
            "safe distance",
            "safe speed",
            "safe following",
            "safe passage",
            "safe to assume",
            "safe to say",
            "stay safe",
        ),
        *(
            "ensure safe",
            "keep safe",
            "safe driving practices",
            "yes or no",
            "yes and no",
            "safe or unsafe",
            "safe or not",
        ),
        *("proceed safely", "drive safely", "move safely", "travel safely", "not only", "dangerous goods", "how safe"),
        *("not necessarily", "no doubt", "without a doubt"),
    ),
    Kind.END: (".",),
}
"""The phrases that give, turn or take back a verdict."""

LEXICON = Lexicon(grammar(WORDS))

_QUESTION = re.compile(r"[^.!?\n]*\?")


def safety_answer(text: str) -> Verdict:
    """The verdict of an answer to "is it safe to proceed forward?".

    In: one text, which may be a bare "safe", "unsafe", "yes" or "no". Out: "safe" or "unsafe"; "unclear" where it does
    not commit itself, contradicts itself, gives no verdict or is empty. Source: Cheng, section 4.3: yes and no, safe
    and unsafe are mapped to labels, and non-committal answers count as failures.

    >>> safety_answer("No, a pedestrian is crossing."), safety_answer("It is not unsafe to proceed.")
    ('unsafe', 'safe')
    >>> safety_answer("It is hard to say whether it is safe.")
    'unclear'
    """
    sentences = list(_sentences(LEXICON.pieces(_QUESTION.sub(" ", text))))
    lead = _lead(sentences[0]) if sentences else None
    verdicts = [list(_verdicts(sentence)) for sentence in sentences]
    given: set[Verdict] = {lead, *verdicts[0]} if lead else {one for several in verdicts for one in several}
    return given.pop() if len(given) == 1 else "unclear"


def _sentences(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    sentence: list[Piece] = []
    for piece in pieces:
        sentence.append(piece)
        if piece.text.endswith("."):
            if len(sentence) > 1 or piece.kind is not Kind.END:
                yield sentence
            sentence = []


def _lead(sentence: Sequence[Piece]) -> Verdict | None:
    """The yes or no that opens a sentence, or that stands after its first commas."""
    for place, piece in enumerate(sentence):
        if piece.kind in (Kind.YES, Kind.NO) and (place == 0 or sentence[place - 1].text in (",", "the")):
            return "safe" if piece.kind is Kind.YES else "unsafe"
    return None


def _verdicts(sentence: Sequence[Piece]) -> Iterator[Verdict]:
    bound = any(piece.kind is Kind.CONDITION for piece in sentence)
    turned = hedged = False  # so far in this clause
    for piece in sentence:
        match piece.kind:
            case Kind.STOP:
                turned = hedged = False
            case Kind.NOT:
                turned = True
            case Kind.HEDGE | Kind.CONDITION:
                hedged = True
            case Kind.SAFE | Kind.UNSAFE:
                safe = (piece.kind is Kind.SAFE) is not turned
                if not hedged and not (safe and bound):
                    yield "safe" if safe else "unsafe"
                turned = False
            case _:
                pass
