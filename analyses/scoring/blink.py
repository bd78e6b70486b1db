"""BLINK: the rule by which its authors take "(A)" from an answer, and the mean over its tasks.

Source: Fu et al. 2024; zeyofu/BLINK_Benchmark, `eval/test_benchmark.py` and `eval/evaluate.py` of 2024-07 (2d6a779b).
There, GPT-3.5 reads every answer in which the rule finds no single letter. Here nobody is asked: such an answer is not
read, which is wrong.
"""

from collections.abc import Sequence

import numpy as np

from .. import papers
from .letters import LETTERS, STRICT, option_is_right, option_text
from .scorer import Asked, Floats, Measure, Parsed, Reading, Scorer

_LABELS = tuple(f"({letter})" for letter in LETTERS[:5])


def letter_by_label(text: str, count: int) -> str | None:
    r"""The letter that an answer names by the authors' rule, of `count` options; None where they ask GPT.

    The answer is a letter alone, "A" or "(A)"; or among its words, between spaces, is exactly one of the labels "(A)"
    to "(E)" of the options; or among those of its last paragraph is exactly one. Quirks, as they are there: "A." and
    " A", "A is closer" and "(A)." are no letter; labels beyond the options do not count in a longer answer, but
    stand alone as the answer; a denied label counts.

    >>> texts = ("B", "(B) the dog", "(A) is small.\n\nHence (B)", "(A) or (B)", "(B).", "not (B)")
    >>> [letter_by_label(text, 2) for text in texts]
    ['B', 'B', 'B', None, None, 'B']
    """
    for label in _LABELS:
        if text in (label, label[1]):
            return label[1]
    labels = set(_LABELS[:count])
    found = labels.intersection(text.split())
    last = labels.intersection(text.rpartition("\n\n")[2].split())
    sole = last if len(last) == 1 else found
    return sole.pop()[1] if len(sole) == 1 else None


def labelled_option(text: str, asked: Asked) -> str | None:
    """The text of the option that `letter_by_label` finds.

    >>> labelled_option("Point (A) is closer.", Asked("1", options=("Point A", "Point B")))
    'Point A'
    """
    return option_text(letter_by_label(text, len(asked.options)), asked)


def mean_of_tasks_terms(parsed: Parsed, correct: Floats, asked: Sequence[Asked]) -> tuple[Floats, Floats]:
    """Terms of the mean over tasks of the share of right answers: every task counts the same, whatever its size.

    `metadata["task"]` names the task. A sample weighs 1 / the number of samples of its task that are defined under the
    condition: numerator `correct` · weight, denominator weight. Samples without a task are 0 / 0; nan where `correct`
    is.

    >>> asked = [Asked(id, metadata={"task": id[0]}) for id in ("a1", "a2", "b1")]
    >>> right, weight = mean_of_tasks_terms(np.full((3, 1), "x", object), np.array([[1.0], [0.0], [1.0]]), asked)
    >>> float(right.sum() / weight.sum())  # the mean of 1/2 and 1
    0.75
    """
    defined = ~np.isnan(correct)
    weight = np.where(defined, 0.0, np.nan)
    tasks = [one.metadata.get("task") for one in asked]
    for task in dict.fromkeys(tasks):
        if task is not None:
            rows = np.array([other == task for other in tasks])[:, np.newaxis] & defined
            weight = np.where(rows, 1.0 / np.maximum(rows.sum(axis=0), 1), weight)
    return correct * weight, weight


SCORER = Scorer(
    "blink",
    readings=(
        Reading(
            "official",
            'The authors\': a letter alone, or one "(A)" in the answer or its last paragraph; no GPT reads the rest.',
            labelled_option,
            option_is_right,
        ),
        STRICT,
    ),
    measures=(
        Measure(
            "mean_of_tasks",
            "The mean over tasks of the share of right answers, the benchmark's score: each task counts the same.",
            mean_of_tasks_terms,
        ),
    ),
    paper=papers.BLINK,
)
