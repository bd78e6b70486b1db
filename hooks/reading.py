"""What goes into a capture and what comes out: views with questions, readings with states and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""One picture, (height, width, 3) RGB."""

Grid = tuple[int, int, int]
"""(tiles, rows, columns) of a picture's tokens, one tile where it is not cut into several; row-major."""


def stacked(grids: Sequence[Grid]) -> Grid | None:
    """The common grid of several pictures, the tiles of each in order; None where their rows or columns differ.

    >>> stacked([(1, 4, 6), (3, 4, 6)])
    (4, 4, 6)
    >>> stacked([(1, 4, 6), (1, 6, 4)]) is None
    True
    """
    planes = {(rows, cols) for _, rows, cols in grids}
    if len(planes) != 1:
        return None
    ((rows, cols),) = planes
    return (sum(tiles for tiles, _, _ in grids), rows, cols)


@dataclass(frozen=True)
class Question:
    """The user's message, the candidate answers (captions for a contrastive model), and what else to do.

    `generate` asks for a greedy free answer; `force` is a text (the clean free answer) to teacher-force for the
    `answer_clean` sites; `prompt` is the prompt name that `@prompt` sites select, "" for the run's default prompt.
    `max_new_tokens` is the maximum number of tokens of the free answer, by default that of the reading. `forms` asks
    for the options' likelihoods over all their surface forms beside the plain ones, `lens` for what the head reads of
    the options in each layer (`Readout`), `attention` for where the last token before the answer looks
    (`AttentionReadout`).
    """

    text: str
    options: tuple[str, ...] = ()
    generate: bool = False
    force: str | None = None
    prompt: str = ""
    max_new_tokens: int | None = None
    forms: bool = False
    lens: bool = False
    attention: bool = False


@dataclass(frozen=True)
class View:
    """One or more pictures in order, under one condition, with all questions about them.

    A single picture may be given by itself. Without pictures the questions are asked of the text alone, and image-level
    sites have no states.
    """

    pictures: tuple[Pixels, ...]
    questions: tuple[Question, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.pictures, np.ndarray):
            object.__setattr__(self, "pictures", (self.pictures,))


@dataclass(frozen=True)
class Readout:
    """What the head reads of one question in each layer: scores (layer, option), and the products of the options' rows.

    `products` (option, option) are the inner products of the unembedding rows of the options' first tokens. Both are
    float32 in the model's own units of logits; nan for options that begin with the same token as another one.
    """

    scores: NDArray[np.float32]
    products: NDArray[np.float32]


@dataclass(frozen=True)
class AttentionReadout:
    """Attention of the last token before the answer, in float32; layer k is block k, and layer 0 is nan.

    (layer, head) each: `image`, `question` and `first` are the shares of attention on all image positions, on all that
    follows the image up to the last token itself, and on the sequence's first token where that is none of the image's;
    what is left to 1 is on text before the image. `sinks`: the share on those places of the image that are attention
    sinks. `entropy`: that of the attention to the image's places over that of an even spread, in [0, 1];
    `entropy_without_sinks`: the same with sinks left out.

    (layer, place) each: `places`, the attention to every place of the image's grid, averaged over heads;
    `sink_places`, 1 where a place is a sink. Places are in the order of `grid`, the common layout of all pictures.

    `places_by_head` (layer, head, place): the attention of each head to every place; None once it is dropped.

    `even`: the share of the image's positions among all tokens up to the last, which even attention would give it.

    All are nan where undefined: without a picture, in layers without attention; of layers that attend across to
    pictures only what is said of the image and its places is defined, of the others of such a model only the rest.
    """

    image: NDArray[np.float32]
    question: NDArray[np.float32]
    first: NDArray[np.float32]
    sinks: NDArray[np.float32]
    entropy: NDArray[np.float32]
    entropy_without_sinks: NDArray[np.float32]
    places: NDArray[np.float32]
    sink_places: NDArray[np.float32]
    grid: Grid | None
    even: float
    places_by_head: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Answer:
    """A model's scores of one question's options, and its free answer.

    `log_likelihood` (option) float32: sum over the option's own tokens of log p, in nats; for a contrastive model its
    own logit of image and caption. `token_count` (option) int32. `end_of_turn` (option) float32: log p(the turn ends |
    context, option) in nats; nan where not asked for, or undefined (contrastive). `text`: the greedy free answer.
    `choice`: argmax of `log_likelihood`, ties to the lowest index; None without options or where a score is nan.
    `cut`: whether the free answer reached its maximum number of tokens before it ended. `invalid_reason`: why the
    question was not asked, all scores then nan; else empty. `forms` (option) float32: log of the likelihood summed over
    the option's surface forms, in nats; None where not asked for. `lens`, `attention`: None where not asked for.
    """

    log_likelihood: NDArray[np.float32]
    token_count: NDArray[np.int32]
    end_of_turn: NDArray[np.float32]
    text: str | None = None
    choice: int | None = None
    cut: bool = False
    invalid_reason: str = ""
    forms: NDArray[np.float32] | None = None
    lens: Readout | None = None
    attention: AttentionReadout | None = None

    @classmethod
    def not_asked(cls, question: Question, reason: str) -> "Answer":
        """The answer to a question that was not asked."""
        undefined = np.full(len(question.options), np.nan, np.float32)
        return cls(undefined, np.full(len(question.options), -1, np.int32), undefined, invalid_reason=reason)


@dataclass(frozen=True)
class SiteStates:
    """The states of one view at one site. Arrays are in the model's dtype; bfloat16 comes as its bits in uint16.

    Of an image-level site `pooled` is (layer, feature): the vector itself, or the mean over the tokens of all pictures;
    `cls` of several pictures is the mean of theirs. Sites with a token axis also have `grids`, one per picture, and,
    where they were to be kept, `tokens` (layer, token, feature), picture after picture in the order of their grids.
    `reduced`: name -> what `reduce` returned, empty without it. Of a sample-level site `pooled` is (question, layer,
    feature), nan where a question is not the site's or has no such state.
    """

    pooled: NDArray
    tokens: NDArray | None = None
    grids: tuple[Grid, ...] = ()
    reduced: Mapping[str, NDArray] = field(default_factory=dict[str, NDArray])

    @property
    def grid(self) -> Grid | None:
        """The common grid of all pictures; None without a token axis, and where rows or columns differ."""
        return stacked(self.grids)

    @property
    def n_tokens(self) -> int:
        """How many tokens lie on the grids of all pictures."""
        return sum(prod(grid) for grid in self.grids)


@dataclass(frozen=True)
class Reading:
    """What was read from one view: its states by the site's slug, and one answer per question.

    A view without pictures has no states of image-level sites.
    """

    states: Mapping[str, SiteStates]
    answers: tuple[Answer, ...]


def choose(scores: NDArray[np.float32]) -> int | None:
    """The index of the largest score, ties to the lowest; None where there is none or one is nan.

    >>> choose(np.array([-3.0, -1.0, -1.0], np.float32))
    1
    """
    return None if scores.size == 0 or np.isnan(scores).any() else int(np.argmax(scores))
