"""Answers to questions whose contexts are in the cache: options scored, free answers generated, and their states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from . import forms, generate, lens, options, trace
from .context import Ids, answer_ids
from .continuation import Sequences
from .generate import Written
from .options import Scored, Span
from .reading import Answer, AttentionReadout, Question
from .request import Request
from .sites import Site

if TYPE_CHECKING:
    from .model import Model


@dataclass(frozen=True)
class RenderedQuestion:
    """One question of a view as the model reads it: `text` is rendered, `tail` its token ids after the row's prefix.

    `view` and `position` say which question of which view it is, `row` which row of its group it continues, `options`
    are the token ids of the question's options.
    """

    view: int
    position: int
    row: int
    question: Question
    text: str
    tail: Ids
    options: tuple[Ids, ...]

    @property
    def has_lens(self) -> bool:
        """Whether its options are to be read in each layer."""
        return self.question.lens and bool(self.options)


@dataclass(frozen=True)
class Answered:
    """The answer to one question, and its (layer, feature) states by the site's slug."""

    answer: Answer
    states: Mapping[str, Tensor]


ByQuestion = dict[tuple[int, int], Answered]
"""By view, and the question's position in it."""


def context_points(model: "Model", prompts: Sequence[RenderedQuestion], request: Request) -> list[trace.Point]:
    """The points that are read at each context's last token."""
    points = trace.points(model, request.context_sites)
    wanted = lens.points(model) if any(prompt.has_lens for prompt in prompts) else []
    return [*points, *(point for point in wanted if point not in points)]


def answer_all(
    model: "Model",
    contexts: Sequences,
    last: trace.States,
    prompts: Sequence[RenderedQuestion],
    request: Request,
    attention: Sequence[AttentionReadout],
) -> ByQuestion:
    """Answer prompts after their contexts; `last` (row, feature) are the states of each context's last token.

    `attention` is that of each context's last token, empty where no prompt asks for it.
    """
    free = _generate(model, contexts, prompts, request)
    spans = _spans(model, prompts, free)
    points = trace.points(model, request.answer_sites)
    scored = _score(model, contexts, spans, points, request)
    questions = {i: (prompt.text, prompt.question.options) for i, prompt in enumerate(prompts) if prompt.question.forms}
    of_forms = forms.score(model, contexts, questions, request)
    of_lens = lens.read(model, last, {i: each.options for i, each in enumerate(prompts) if each.has_lens})
    answered: ByQuestion = {}
    for i, prompt in enumerate(prompts):
        scores = [scored[i, "option", k] for k in range(len(prompt.question.options))]
        answer = replace(options.answer(scores), forms=of_forms.get(i), lens=of_lens.get(i))
        if prompt.question.attention:
            answer = replace(answer, attention=attention[i])
        if i in free:
            answer = replace(answer, text=generate.text(model, free[i].ids), cut=free[i].cut)
        context = {
            site.slug: torch.stack([last[site.tower, layer][i] for layer in site.layers])
            for site in request.context_sites
            if _selects(site, prompt.question)
        }
        means = {
            site.slug: mean[[points.index((site.tower, layer)) for layer in site.layers]]
            for site in request.answer_sites
            if _selects(site, prompt.question) and (mean := _mean(scored, i, site, answer)) is not None
        }
        answered[prompt.view, prompt.position] = Answered(answer, context | means)
    return answered


def _generate(
    model: "Model", contexts: Sequences, prompts: Sequence[RenderedQuestion], request: Request
) -> dict[int, Written]:
    """Free answers, by the prompt's index, of the prompts that ask for one."""
    asking = [i for i, prompt in enumerate(prompts) if prompt.question.generate]
    if not asking:
        return {}
    limits = [request.limit(prompts[i].question) for i in asking]
    made = generate.greedy(model, contexts, asking, max_new_tokens=limits, padding_side=request.padding_side)
    return dict(zip(asking, made, strict=True))


Key = tuple[int, str, int | None]
"""(prompt's index, "option", "clean" or "free", the option's number, else 0)."""


def _spans(model: "Model", prompts: Sequence[RenderedQuestion], free: Mapping[int, Written]) -> dict[Key, Span]:
    """Everything that is read as a continuation of a prompt."""
    spans: dict[Key, Span] = {}
    for i, prompt in enumerate(prompts):
        for k, ids in enumerate(prompt.options):
            spans[i, "option", k] = Span(i, ids)
        forced = prompt.question.force
        if forced and (ids := answer_ids(model.blueprint, prompt.text, forced)):
            spans[i, "clean", 0] = Span(i, ids)
    return spans | {(i, "free", 0): Span(i, made.ids) for i, made in free.items() if made.ids}


def _score(
    model: "Model", contexts: Sequences, spans: Mapping[Key, Span], points: Sequence[trace.Point], request: Request
) -> dict[Key, Scored]:
    keys = [key for key in spans if key[1] == "option" or points]
    scored = options.score(
        model,
        contexts,
        [spans[key] for key in keys],
        points=points,
        batch_size=request.continued,
        padding_side=request.padding_side,
        end_of_turn=request.end_of_turn,
    )
    return dict(zip(keys, scored, strict=True))


def _mean(scored: Mapping[Key, Scored], i: int, site: Site, answer: Answer) -> Tensor | None:
    """The mean state over the answer that a site names, of a prompt; None where there is no such answer."""
    key = (i, site.kind.answer, answer.choice if site.kind.answer == "option" else 0)
    return scored[key].mean if key in scored else None


def _selects(site: Site, question: Question) -> bool:
    return question.prompt == (site.prompt or "")
