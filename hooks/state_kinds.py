"""The kinds of states that a site can ask for: what each is, stated once for reading, planning, storing and listing.

A new kind is a row of `KINDS` and the code that reads it: `OF_IMAGE` in site_states.py for a state of an image,
answers.py for a state of a question.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

NORM = "language.norm"
"""The language model's final norm as a part of its own: what the head reads."""

TowerName = Literal["vision", "projector", "language", "language.norm"]


@dataclass(frozen=True)
class StateKind:
    """One kind of state: the word after the colon in a site's text.

    `per`: whether a state belongs to an image or to a sample (image + question). `meaning`: for listings. `towers`:
    those in which it can be read, where the model family has it. `axes`: what a state has beside (layer, feature).
    `unit`: of its values.

    `layered`: whether it is read at a layer; else it is the tower's own output, behind its final norm. `answer`: the
    answer over whose tokens it is the mean, if any: the chosen "option", the "free" answer, or the "clean" one, which
    is the free answer to the clean image, forced. `primary_rank`: of the kinds in a run, the one with the lowest stands
    for the state that answers were read from; None for a kind that never does.
    """

    name: str
    per: Literal["image", "sample"]
    meaning: str
    towers: tuple[TowerName, ...]
    axes: tuple[str, ...] = ()
    unit: str = "model units"
    layered: bool = True
    answer: Literal["", "option", "free", "clean"] = ""
    primary_rank: int | None = None

    @property
    def has_tokens(self) -> bool:
        """Whether a state has a token axis; else it is one vector."""
        return "token" in self.axes

    @property
    def needs_free_answer(self) -> bool:
        """Whether a free answer must be generated for it."""
        return self.answer in ("free", "clean")

    @property
    def needs_clean_answer(self) -> bool:
        """Whether the free answer to the clean image must be known first, and forced."""
        return self.answer == "clean"


VISION: tuple[TowerName, ...] = ("vision",)
PROJECTED: tuple[TowerName, ...] = ("vision", "projector")
LANGUAGE: tuple[TowerName, ...] = ("language",)
HEADWARD: tuple[TowerName, ...] = ("language", NORM)

KINDS = {
    kind.name: kind
    for kind in (
        StateKind(
            "patches",
            "image",
            "the image's vision tokens, row by row, CLS left out",
            PROJECTED,
            axes=("token",),
            primary_rank=6,
        ),
        StateKind("cls", "image", "the class token; of several pictures, the mean of theirs", VISION, primary_rank=3),
        StateKind("mean", "image", "the mean of the vision tokens", PROJECTED, primary_rank=4),
        StateKind("pooled", "image", "the tower's own pooled output", VISION, layered=False, primary_rank=2),
        StateKind(
            "image",
            "image",
            "language-model states at the image's tokens",
            LANGUAGE,
            axes=("token",),
            primary_rank=5,
        ),
        StateKind("context_last", "sample", "the last token before the answer, per sample", HEADWARD, primary_rank=1),
        StateKind(
            "answer_mean", "sample", "mean over the tokens of the chosen option, per sample", HEADWARD, answer="option"
        ),
        StateKind(
            "answer_free", "sample", "mean over the tokens of the free answer, per sample", HEADWARD, answer="free"
        ),
        StateKind(
            "answer_clean",
            "sample",
            "mean over the tokens of the clean image's free answer, forced under the perturbed image, per sample",
            HEADWARD,
            answer="clean",
        ),
    )
}
"""By name, in the order of listings."""

PRIMARY = tuple(
    name for _, name in sorted((kind.primary_rank, kind.name) for kind in KINDS.values() if kind.primary_rank)
)
"""The kinds that can stand for the state that answers were read from, the best first."""


def kinds_of(tower: TowerName, *, without: Collection[str] = ()) -> tuple[str, ...]:
    """The names of the kinds that can be read in a tower, but for those that a model family does not have.

    >>> kinds_of("vision", without=("cls", "pooled"))
    ('patches', 'mean')
    """
    return tuple(kind.name for kind in KINDS.values() if tower in kind.towers and kind.name not in without)
