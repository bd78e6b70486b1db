"""What can be wrong with a dataset: a single sample, without harm to the others, or all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..prompts import is_yes_no
from ..sample import Dataset, Sample

CLOSED_KINDS = ("mcq", "yesno", "safety")
"""Kinds that are answered by choosing among options."""

LONGEST = 2_000
"""Most characters of a message."""

LONGEST_ID = 1_000
"""Most characters of a sample's id."""


class DatasetError(ValueError):
    """A dataset that cannot be opened at all."""


class DatasetNote(UserWarning):
    """A remark on a dataset as a whole: numbers of samples or images that are not the official ones."""


@dataclass(frozen=True)
class Problem:
    """A sample that cannot be asked. The run records it, reads the others and ends with exit code 1.

    The message becomes one line of at most `LONGEST` characters: what is wrong may be as long as a file.
    """

    sample_id: str
    message: str

    def __post_init__(self) -> None:
        if len(self.message) > LONGEST or "\n" in self.message:
            line = " ".join(self.message.split())
            object.__setattr__(self, "message", line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}...")


@dataclass(frozen=True)
class Count:
    """How many samples and images a split has. None where its publishers do not say.

    >>> f"{Count(5_000, 3_166)}, {Count(images=500)}"
    '5,000, 500 images'
    """

    samples: int | None = None
    images: int | None = None

    def __str__(self) -> str:
        if self.samples is not None:
            return f"{self.samples:,}"
        return "" if self.images is None else f"{self.images:,} images"


class Opened(NamedTuple):
    """A dataset of the samples that can be asked, and what is wrong with the others."""

    dataset: Dataset
    problems: tuple[Problem, ...] = ()


def invalid_reason(sample: Sample) -> str | None:
    """Why a sample cannot be asked, and what to do about it; None where it can.

    >>> invalid_reason(Sample("s", "i", "What is this?", ("cat", "cat"), "cat"))
    "option 'cat' is listed more than once: a choice between equals means nothing. Keep one."
    """
    if reason := _unwritable(sample):
        return reason
    if not sample.question.strip():
        return "the question is empty. Give it a text."
    if sample.kind in CLOSED_KINDS and len(sample.options) < 2:
        return (
            f"a sample of kind {sample.kind!r} needs two options or more, this one has {len(sample.options)}. "
            "List them, or set its kind to 'open'."
        )
    if sample.kind == "yesno" and not is_yes_no(sample.options):
        listed = ", ".join(sample.options)
        return f"a sample of kind 'yesno' has the options yes and no, not {listed}. Set its kind to 'mcq'."
    if reason := _invalid_options(sample.options):
        return reason
    if any(not reference.strip() for reference in sample.references):
        return "a right answer is empty. Give it a text, or remove it."
    if sample.options and sample.answer is not None and sample.answer not in sample.options:
        listed = ", ".join(map(repr, sample.options))
        return f"the answer {sample.answer!r} is not among the options ({listed}). Write it as the option is written."
    return None


def _invalid_options(options: Sequence[str]) -> str | None:
    """Why options cannot be told apart or scored; None where they can."""
    seen: set[str] = set()
    for position, option in enumerate(options):
        if not option.strip():
            return f"option {position + 1} is empty: there is no text to score. Give it one, or remove it."
        if option != option.strip():
            return f"option {option!r} begins or ends with white space. Remove it."
        if option in seen:
            return f"option {option!r} is listed more than once: a choice between equals means nothing. Keep one."
        seen.add(option)
    return None


def _unwritable(sample: Sample) -> str | None:
    """Why no run could keep the sample's texts; None where one can."""
    own = (sample.id, sample.image_id, sample.question, sample.dataset, sample.official, sample.answer or "")
    texts = (*own, *sample.options, *sample.references)
    if strange := [text for text in texts if not isinstance(text, str)]:
        return f"there is {str(strange[0])[:60]} where a text should be."
    if len(sample.id) > LONGEST_ID:
        return f"the id has {len(sample.id):,} characters, and {LONGEST_ID:,} are kept. Shorten it."
    known = (text for pair in sample.metadata.items() for text in pair if isinstance(text, str))
    joined = "".join((*texts, *known))
    if "\0" in joined:
        return "there is a null character (\\u0000) in a text. Take it out."
    try:
        joined.encode()
    except UnicodeEncodeError:
        return "there is half a character (\\ud800 ...) in a text. Take it out."
    return None
