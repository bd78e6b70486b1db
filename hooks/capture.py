"""Reading a model: images and their questions in, states and answers out, with everything encoded once.

Vision and the prompt up to the image run once per image; questions continue from that cache, options and free answers
from the questions'. Results do not depend on batch size, neighbours or padding side.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import contrastive, generate, options, trace
from .batching import batches, by_shape, smallest_window
from .collect import Reduce, Request, by_image, image_states, sample_states
from .context import answer_ids, option_ids, render
from .continuation import PaddingSide, Sequences, encode, extend, last_state, seen_rows, seen_together
from .encoding import Row, rows
from .options import Scored, Span
from .reading import Answer, Question, Reading, SiteStates, View
from .sites import Site

if TYPE_CHECKING:
    from .model import Model

CONTINUED_PER_IMAGE = 2
"""Questions or options that continue together, per image of a batch: each holds a copy of its image's cache."""


def read(
    model: "Model",
    views: Sequence[View],
    sites: Sequence[Site],
    *,
    batch_size: int,
    keep_tokens: frozenset[str] | bool = False,
    reduce: Reduce | None = None,
    max_new_tokens: int = 32,
    padding_side: PaddingSide = "right",
    end_of_turn: bool = True,
) -> list[Reading]:
    """Read all views at the sites, one `Reading` per view, in order.

    `batch_size` counts images. `keep_tokens` names the slugs whose raw tokens are returned (True: all). `reduce` sees
    the tokens of every site that has them, on the device. A sample-level site with a prompt is read for the questions
    of that prompt, one without for those of the default prompt (""). With `end_of_turn` False, options of one token
    cost no forward of their own and their end-of-turn term is nan. Non-finite states pass through as they are.

    Raises ValueError for repeated sites (`sites.parse_all` merges them), malformed pixels and options without tokens.
    """
    slugs = [site.slug for site in sites]
    if repeated := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise ValueError(f"sites {sorted(repeated)} come more than once. Parse them together with sites.parse_all.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    keep = frozenset(slugs if keep_tokens is True else keep_tokens or ())
    request = Request(tuple(sites), batch_size, keep, reduce, max_new_tokens, padding_side, end_of_turn)
    read_batch = contrastive.read_batch if model.kind == "contrastive" else _read_batch
    made: list[Reading] = []
    with torch.inference_mode():
        for start in range(0, len(views), batch_size):
            made += read_batch(model, start, views[start : start + batch_size], request)
    return made


def check_question(model: "Model", question: Question) -> None:
    """Raise the ValueError that reading this question would raise, without running the model."""
    if model.kind == "contrastive":
        contrastive.check_captions(model, question.options)
    else:
        option_ids(model.blueprint, render(model.blueprint, question.text), question.options)


def _read_batch(model: "Model", offset: int, views: Sequence[View], request: Request) -> list[Reading]:
    made = [row for place, view in enumerate(views) for row in rows(model.blueprint, place, view)]
    of_image: dict[int, dict[str, SiteStates]] = {}
    answered: Answered = {}
    vision: dict[int, Any] = {}
    for group in by_shape(made):
        if group[0].whole and group[0].questions:
            answered |= _ask_whole(model, group, views, vision, request)
            continue
        encoded = encode(model, group, reads=trace.points(model, request.image_sites))
        states = by_image(model, encoded.states, [row.inputs for row in group])
        for place, (row, mine) in enumerate(zip(group, states, strict=True)):
            if row.view not in of_image:
                of_image[row.view] = image_states(model, request, offset + row.view, mine, row.inputs)
                vision[row.view] = seen_rows(encoded.vision, place)
        del states
        for some in _together(model, encoded.sequences, group, views, request):
            answered |= _ask(model, encoded.sequences, group, views, some, request)
    return [
        _reading(model, request, of_image.get(place, {}), [answered[place, k] for k in range(len(view.questions))])
        for place, view in enumerate(views)
    ]


def _reading(
    model: "Model",
    request: Request,
    of_image: Mapping[str, SiteStates],
    answered: Sequence[tuple[Answer, dict[str, Tensor]]],
) -> Reading:
    of_samples = sample_states(model, request, [states for _, states in answered])
    return Reading({**of_image, **of_samples}, tuple(answer for answer, _ in answered))


Answered = dict[tuple[int, int], tuple[Answer, dict[str, Tensor]]]
"""(view, question) -> its answer, and its states by slug."""


def _together(
    model: "Model", encoded: Sequences, group: Sequence[Row], views: Sequence[View], request: Request
) -> Iterator[list[tuple[int, int]]]:
    """The questions (row, tail) of encoded prefixes, in batches that go through the model together."""

    def length(each: tuple[int, int]) -> int:
        return len(group[each[0]].tails[each[1]])

    def room(each: tuple[int, int]) -> int:
        row, k = group[each[0]], each[1]
        return _room(model, row.texts[k], views[row.view].questions[row.questions[k]], request)

    asked = [(place, k) for place, row in enumerate(group) for k in range(len(row.questions))]
    window, slots = smallest_window(encoded.cache), encoded.mask.shape[1] + max(map(length, asked), default=0)
    outgrown = window < inf and window < slots + max(map(room, asked), default=0)
    return batches(asked, CONTINUED_PER_IMAGE * request.batch_size, length=length if outgrown else None)


def _room(model: "Model", text: str, question: Question, request: Request) -> int:
    """The most tokens that an answer adds to a prompt."""
    given = option_ids(model.blueprint, text, question.options), answer_ids(model.blueprint, text, question.force or "")
    return max(request.max_new_tokens * question.generate, len(given[1]), *map(len, given[0]), 0)


def _ask(
    model: "Model",
    encoded: Sequences,
    group: Sequence[Row],
    views: Sequence[View],
    asked: Sequence[tuple[int, int]],
    request: Request,
) -> Answered:
    """Put questions (row, tail) to encoded prefixes."""
    grown = extend(
        model,
        encoded,
        [place for place, _ in asked],
        [group[place].tails[k] for place, k in asked],
        padding_side=request.padding_side,
        reads=trace.points(model, _context_sites(request)),
        select=last_state,
    )
    sequences, states = grown.sequences, grown.states
    del grown  # its logits are (row, slot, vocabulary)
    return _answered(model, sequences, states, [(group[place], k) for place, k in asked], views, request)


def _ask_whole(
    model: "Model", group: Sequence[Row], views: Sequence[View], vision: Mapping[int, Any], request: Request
) -> Answered:
    """Encode whole prompts, each a question, on what vision made of their images."""
    made: Answered = {}
    for some in batches(group, CONTINUED_PER_IMAGE * request.batch_size):
        seen = seen_together([vision[row.view] for row in some]) if some[0].view in vision else None
        encoded = encode(model, some, reads=trace.points(model, _context_sites(request)), seen=seen)
        made |= _answered(model, encoded.sequences, encoded.last, [(row, 0) for row in some], views, request)
    return made


def _answered(
    model: "Model",
    contexts: Sequences,
    states: trace.States,
    asked: Sequence[tuple[Row, int]],
    views: Sequence[View],
    request: Request,
) -> Answered:
    """Answers on contexts, and the states of each context's last token, which are given."""
    questions = [views[row.view].questions[row.questions[k]] for row, k in asked]
    answers, spoken = _answer(model, contexts, questions, [row.texts[k] for row, k in asked], request)
    made: Answered = {}
    for i, (row, k) in enumerate(asked):
        last = {
            site.slug: torch.stack([states["language", layer][i] for layer in site.layers])
            for site in _context_sites(request)
            if _selects(site, questions[i])
        }
        made[row.view, row.questions[k]] = (answers[i], {**last, **spoken[i]})
    return made


def _context_sites(request: Request) -> list[Site]:
    return [site for site in request.sample_sites if not site.kind.answer]


def _answer(
    model: "Model", contexts: Sequences, questions: Sequence[Question], texts: Sequence[str], request: Request
) -> tuple[list[Answer], list[dict[str, Tensor]]]:
    """Score options, generate and teacher-force on contexts: per question its answer and answer states by slug."""
    sites = [site for site in request.sample_sites if site.kind.answer]
    layers = sorted({layer for site in sites for layer in site.layers})
    spans: dict[tuple[int, str, int], Span] = {}
    for i, (question, text) in enumerate(zip(questions, texts, strict=True)):
        for k, ids in enumerate(option_ids(model.blueprint, text, question.options)):
            spans[i, "option", k] = Span(i, ids)
        if question.force and (ids := answer_ids(model.blueprint, text, question.force)):
            spans[i, "clean", 0] = Span(i, ids)
    free = [i for i, question in enumerate(questions) if question.generate]
    limits = {"max_new_tokens": request.max_new_tokens, "padding_side": request.padding_side}
    generated = dict(zip(free, generate.greedy(model, contexts, free, **limits), strict=True)) if free else {}
    spans |= {(i, "free", 0): Span(i, ids) for i, ids in generated.items() if ids}
    scored = _score(model, contexts, spans, layers, request)
    answers, states = [], []
    for i, question in enumerate(questions):
        of_options = [scored[i, "option", k] for k in range(len(question.options))]
        made = options.answer(of_options, generate.text(model, generated[i]) if i in generated else None)
        answers.append(made)
        states.append({})
        for site in (site for site in sites if _selects(site, question)):
            key = (i, site.kind.answer, made.choice if site.kind.answer == "option" else 0)
            if key in scored and (mean := scored[key].mean) is not None:
                states[i][site.slug] = mean[[layers.index(layer) for layer in site.layers]]
    return answers, states


def _score(
    model: "Model", contexts: Sequences, spans: dict, layers: Sequence[int], request: Request
) -> dict[tuple[int, str, int | None], Scored]:
    keys = [key for key in spans if key[1] == "option" or layers]
    made = options.score(
        model,
        contexts,
        [spans[key] for key in keys],
        layers=layers,
        batch_size=CONTINUED_PER_IMAGE * request.batch_size,
        padding_side=request.padding_side,
        end_of_turn=request.end_of_turn,
    )
    return dict(zip(keys, made, strict=True))


def _selects(site: Site, question: Question) -> bool:
    return question.prompt == (site.prompt or "")
