"""What goes into a capture and what comes out: views with questions in, readings with answers out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Grid = tuple[int, int, int]
"""(tiles, rows, columns) of an image's tokens, tiles being one where it is not cut; token order is row-major."""


@dataclass(frozen=True)
class Question:
    """The user's message, the candidate answers (captions for a contrastive model), and what else to do with it.

    `generate` asks for a greedy free answer; `force` is a text (the clean free answer) to teacher-force for the
    `answer_clean` sites; `prompt` is the prompt name that `@prompt` sites select, "" for the run's default prompt.
    """

    text: str
    options: tuple[str, ...] = ()
    generate: bool = False
    force: str | None = None
    prompt: str = ""


@dataclass(frozen=True)
class View:
    """One image under one condition, (height, width, 3) uint8 RGB, with all questions that hang on it.

    Without pixels (None) the questions are asked of the text alone, and image-level sites have no state.
    """

    pixels: NDArray[np.uint8] | None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the model makes of one question's options.

    `log_likelihood` (option) float32: sum over the option's own tokens of log p, in nats; for a contrastive model its
    own logit of image and caption. `token_count` (option) int32. `end_of_turn` (option) float32: log p(the turn ends |
    context, option) in nats; nan where not asked for, or undefined (contrastive). `text`: the greedy free answer.
    `choice`: argmax of `log_likelihood`, ties to the lowest index; None without options or where a score is nan.
    """

    log_likelihood: NDArray[np.float32]
    token_count: NDArray[np.int32]
    end_of_turn: NDArray[np.float32]
    text: str | None = None
    choice: int | None = None


@dataclass(frozen=True)
class Reading:
    """All that one view gave. Arrays are in the model's dtype; bfloat16 comes as its bits in uint16.

    `tokens` slug -> (layer, token, feature), only for slugs that were asked to be kept. `pooled` slug -> (layer,
    feature) of image-level sites: the vector, or the mean over tokens. `sample_pooled` slug -> (question, layer,
    feature) of sample-level sites, nan where a question is not the site's or has no such state. `reduced` slug ->
    name -> whatever `reduce` returned. `grid` slug -> (frames, rows, columns) of sites with tokens.
    """

    tokens: dict[str, NDArray] = field(default_factory=dict)
    pooled: dict[str, NDArray] = field(default_factory=dict)
    sample_pooled: dict[str, NDArray] = field(default_factory=dict)
    reduced: dict[str, dict[str, NDArray]] = field(default_factory=dict)
    grid: dict[str, Grid] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()


def choose(scores: NDArray[np.float32]) -> int | None:
    """The index of the largest score, ties to the lowest; None where there is none or one is nan.

    >>> choose(np.array([-3.0, -1.0, -1.0], np.float32))
    1
    """
    return None if scores.size == 0 or np.isnan(scores).any() else int(np.argmax(scores))
