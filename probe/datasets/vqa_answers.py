"""What VQAv2, TextVQA and GQA share: short answers, asked for in one wording."""

from collections.abc import Iterable

SHORT_ANSWER = "Answer the question using a single word or phrase."
"""The instruction of LLaVA-1.5 (docs/Evaluation.md) and of lmms-eval (the tasks vqav2, textvqa and gqa)."""


def ask_briefly(question: str) -> str:
    """A question as LLaVA-1.5 and lmms-eval put it to a model.

    >>> ask_briefly("What is it?")
    'What is it?\\nAnswer the question using a single word or phrase.'
    """
    return f"{question}\n{SHORT_ANSWER}"


def given(answers: Iterable[str]) -> tuple[str, ...]:
    """The answers that are texts, in order: test splits list empty ones, and a blank one is no answer.

    >>> given(["a bus", "", "bus"])
    ('a bus', 'bus')
    """
    return tuple(answer for answer in answers if answer.strip())
