"""Answers without scores: the choice alone, or only a text."""

from typing import TYPE_CHECKING

import numpy as np

from stores import Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hooks import Answer, Question

CHOICE = Variable("choice", (), "int32", "1", "index of the option that was chosen, -1 where none could be told")
"""What runs of readers without scores store beside them: such a choice follows from no log-likelihoods."""


def chosen(
    question: "Question",
    choice: int | None,
    *,
    text: str | None = None,
    cut: bool = False,
    log_likelihood: "NDArray[np.float32] | None" = None,
    invalid_reason: str = "",
) -> "Answer":
    """An answer whose options have no scores, or `log_likelihood` (option) [nat] for some, nan for the others.

    `choice`: the index of the option that was chosen, None where there are no options or none could be told;
    `invalid_reason` then says why. `text`, and whether it was `cut`, as in `hooks.Answer`.

    >>> from hooks import Question
    >>> chosen(Question("Is there a bus?", ("yes", "no")), 1).log_likelihood
    array([nan, nan], dtype=float32)
    """
    from hooks import Answer

    unknown = np.full(len(question.options), np.nan, np.float32)
    return Answer(
        log_likelihood=unknown if log_likelihood is None else log_likelihood,
        token_count=np.full(len(question.options), -1, np.int32),
        end_of_turn=unknown,
        text=text,
        choice=choice,
        cut=cut,
        invalid_reason=invalid_reason,
    )
