"""What an answer of a log comes to: the option that was chosen, the score of each, and the text."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyses.scoring import scorer
from analyses.scoring.own import SCORER

from ..prompts import letter
from ..sample import Sample
from .answer_index import Given
from .questions import as_asked

OTHER_OPTIONS = "lines with other options than the dataset's"
OTHER_NUMBER = "lines with another number of log-likelihoods than there are options"
NOT_SCORED = "lines without a choice"
NO_OPTION = "lines with a choice that is none of the options"
NOT_READ = "texts in which no option can be read: no choice, and wrong where texts are scored"


@dataclass(frozen=True)
class Scored:
    """An answer to a sample. `choice` is an option's index, -1 where none could be told.

    `log_likelihoods` and `end_of_turn` (option) [nat], nan where there are none, `token_counts` (option), -1 where
    there are none, None where the log has none at all; `text` is None where nothing was written. `trouble` is
    "" or what keeps it from being whole, and `why`.
    """

    choice: int = -1
    log_likelihoods: NDArray[np.float32] | None = None
    token_counts: NDArray[np.int32] | None = None
    end_of_turn: NDArray[np.float32] | None = None
    text: str | None = None
    cut: bool = False
    trouble: str = ""
    why: str = ""


def scored(given: Given, sample: Sample) -> Scored:
    """An answer to a sample, by its log-likelihoods, else its choice, else what its text names.

    A log that lists the options in another order is read in its own.
    """
    text, cut = given.text, bool(given.cut)
    if not sample.options:
        if text is None and given.choice is not None:
            text = str(given.choice)
        return Scored(text=text, cut=cut)
    listed = in_order_of(given.options or sample.options, sample.options)
    if listed is None:
        why = f"{', '.join(given.options or ())[:100]!r}; the dataset has {', '.join(sample.options)[:100]!r}."
        return Scored(text=text, cut=cut, trouble=OTHER_OPTIONS, why=why)
    order = [listed.index(option) for option in sample.options]
    if given.log_likelihoods is None:
        return _by_choice(given, sample, listed, text, cut)
    if len(given.log_likelihoods) != len(order):
        why = f"{len(given.log_likelihoods)} log-likelihoods, {len(order)} options."
        return Scored(text=text, cut=cut, trouble=OTHER_NUMBER, why=why)
    values = np.array(given.log_likelihoods, np.float32)[order]
    if np.isnan(values).any():  # an undefined one could be the highest
        found = _by_choice(given, sample, listed, text, cut)
    else:
        found = Scored(int(values.argmax()), text=text, cut=cut)
    return replace(found, log_likelihoods=values, **_beside(given, order))


def _beside(given: Given, order: list[int]) -> dict[str, Any]:
    """What stands beside the log-likelihoods, where there is as much of it as of options."""
    found: dict[str, Any] = {}
    if given.token_counts is not None and len(given.token_counts) == len(order):
        counts = np.array(given.token_counts)[order]
        found["token_counts"] = np.where((counts >= 0) & (counts < 2**31), counts, -1).astype(np.int32)
    if given.end_of_turn is not None and len(given.end_of_turn) == len(order):
        found["end_of_turn"] = np.array(given.end_of_turn, np.float32)[order]
    return found


def _by_choice(given: Given, sample: Sample, listed: tuple[str, ...], text: str | None, cut: bool) -> Scored:
    if given.choice is not None:
        if (option := option_of(given.choice, listed)) is None:
            why = f"{str(given.choice)[:100]!r} is not among {', '.join(listed)[:100]}."
            return Scored(text=text, cut=cut, trouble=NO_OPTION, why=why)
    elif text is None:
        return Scored(cut=cut, trouble=NOT_SCORED, why="some log-likelihoods are undefined, and there is no choice.")
    else:
        option = read(text, sample, listed)
        if option not in sample.options:
            return Scored(text=text, cut=cut, trouble=NOT_READ, why=f"{text[:100]!r}")
    return Scored(sample.options.index(option), text=text, cut=cut)


def in_order_of(listed: tuple[str, ...], options: tuple[str, ...]) -> tuple[str, ...] | None:
    """The options of a dataset in the order in which a log lists them; None where it lists others.

    A log may write them in another case, or list their letters alone, which are in the dataset's order.

    >>> in_order_of(("No", "Yes"), ("yes", "no")), in_order_of(("A", "B"), ("a bus", "a car"))
    (('no', 'yes'), ('a bus', 'a car'))
    """
    if sorted(listed) == sorted(options):
        return listed
    if listed == tuple(letter(place) for place in range(len(options))):
        return options
    spelt = {_plain(option): option for option in options}
    if len(spelt) < len(options) or sorted(map(_plain, listed)) != sorted(spelt):
        return None
    return tuple(spelt[_plain(each)] for each in listed)


def _plain(option: str) -> str:
    return " ".join(option.lower().split())


def option_of(choice: str | int, options: tuple[str, ...]) -> str | None:
    """The option that a choice names: itself in any case, its letter, or its number counted from 0.

    >>> option_of("(b)", ("a bus", "a car")), option_of(0, ("a bus", "a car")), option_of("A Car", ("a bus", "a car"))
    ('a car', 'a bus', 'a car')
    """
    text = str(choice).strip()
    if text in options:
        return text
    same = [option for option in options if option.strip().lower() == text.lower()]
    letters = [letter(place) for place in range(len(options))]
    bare = text.strip("(). ").upper()
    if not same and bare in letters:
        same = [options[letters.index(bare)]]
    if not same and text.isdecimal() and int(text) < len(options):
        same = [options[int(text)]]
    return same[0] if len(same) == 1 else None


def read(text: str, sample: Sample, options: tuple[str, ...]) -> str | None:
    """The option that a text names by the official rules of the sample's benchmark; None where it names none."""
    used = scorer(sample.dataset, sample.kind) or SCORER
    return used.readings[0].parse(text, as_asked(sample, options))
