"""The questions about an image: each sample under the run's prompt, and under the prompts that sites name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import hooks

from .. import prompts
from ..readers.asking import Asking
from ..readers.reader import OpenReader
from ..sample import Sample
from . import readouts
from .failures import reason_of
from .settings import Settings

if TYPE_CHECKING:
    from hooks.sites import Site

    from .plan import Plan

CleanAnswers = Mapping[tuple[str, str], str]
"""(sample id, prompt name) -> the free answer to the clean image."""


@dataclass(frozen=True)
class SampleQuestion:
    """A question and the sample that it belongs to."""

    sample: Sample
    question: hooks.Question


def of_samples(
    plan: "Plan", reader: OpenReader, samples: Iterable[Sample]
) -> tuple[tuple[SampleQuestion, ...], dict[str, str]]:
    """The questions of one image's samples, and by sample id the reason why a sample has none.

    A sample is invalid where the model cannot be asked one of its questions: an option has no tokens, or a text
    contains an image placeholder.
    """
    valid: list[SampleQuestion] = []
    invalid: dict[str, str] = {}
    for sample in samples:
        try:
            questions = of_sample(sample, reader.reader.kind, plan.settings, plan.sites)
            for each in questions:
                reader.check(each.question)
        except Exception as error:  # a tokenizer or a template can raise anything on a text
            invalid[sample.id] = reason_of(error)
        else:
            valid += questions
    return tuple(valid), invalid


def of_sample(sample: Sample, kind: Asking, settings: Settings, sites: "Sequence[Site]") -> list[SampleQuestion]:
    """The questions of one sample: the scored one first, then one for each prompt that a site names.

    A free answer is generated where the sample has no options, and where a site averages over one. A prompt of a site
    that does not go with the sample (a choice among options that it has not) is left out: its state is undefined.
    """
    named = sorted({site.prompt for site in sites if site.prompt and not prompts.unsuitable(sample, site.prompt)})
    return [SampleQuestion(sample, question(sample, kind, name, settings, sites)) for name in ("", *named)]


def question(sample: Sample, kind: Asking, name: str, settings: Settings, sites: "Sequence[Site]") -> hooks.Question:
    """One sample under one prompt; the empty name is the run's own."""
    text, options = kind.asked(sample, name or settings.wording)  # type: ignore[arg-type]
    states = [site.kind for site in sites if (site.prompt or "") == name]
    used: prompts.PromptName = name or settings.wording or prompts.default(sample)  # type: ignore[assignment]
    most = settings.max_new_tokens
    return hooks.Question(
        text=text,
        options=options,
        generate=kind.writes
        and (not options or settings.free_answers or any(state.needs_free_answer for state in states)),
        prompt=name,
        max_new_tokens=prompts.most_tokens(sample, used) if most is None else most,
        forms=settings.forms and not name,
        lens=readouts.LENS in settings.readouts and not name,
        attention=readouts.looks(settings.readouts) and not name,
    )


def with_clean_answers(
    questions: Iterable[SampleQuestion], sites: "Iterable[Site]", answers: CleanAnswers
) -> tuple[SampleQuestion, ...]:
    """The same questions, with the clean answer to teacher-force where a site of their prompt needs it."""
    forced = {site.prompt or "" for site in sites if site.kind.needs_clean_answer}
    return tuple(
        replace(each, question=replace(each.question, force=answers.get((each.sample.id, each.question.prompt))))
        if each.question.prompt in forced
        else each
        for each in questions
    )
