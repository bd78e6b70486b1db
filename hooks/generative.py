"""Reading a generative model: vision and the prompt up to the image run once per image.

Questions continue from that cache where the model family allows it; options and free answers continue from the
questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from . import encoding, image_attention, named_tensors, prefill, trace
from .answers import Answered, ByQuestion, RenderedQuestion, answer_all, context_points
from .attention_sums import Shown
from .batching import batches, by_shape, smallest_window
from .context import answer_ids, option_ids, render
from .continuation import Sequences, extend, last_slots, last_state
from .encoding import EncodedView, Row
from .lengths import without_too_long
from .reading import Answer, Question, Reading, SiteStates, View
from .request import Request
from .site_states import ViewStates, by_picture, image_states, sample_states

if TYPE_CHECKING:
    from .model import Model


AT_ONCE = 1024
"""Tokens of a question that go through the model together; few questions are longer."""


def encode(model: "Model", view: View) -> EncodedView:
    """What the processor makes of a view and its questions, and which of these are too long to be asked."""
    rows, reasons = without_too_long(model.blueprint, encoding.rows(model.blueprint, 0, view))
    return EncodedView(tuple(rows), view.questions, reasons)


def check_question(model: "Model", question: Question) -> None:
    """Raise the ValueError that scoring this question's options would raise."""
    option_ids(model.blueprint, render(model.blueprint, question.text), question.options)


def read_batch(model: "Model", offset: int, views: Sequence[EncodedView], request: Request) -> list[Reading]:
    """Read one batch of views; `offset` is the index of the first among all views."""
    image_level: dict[int, dict[str, SiteStates]] = {}
    answered: ByQuestion = {}
    vision: dict[int, Any] = {}
    encoded = [replace(row, view=index) for index, view in enumerate(views) for row in view.rows]
    for index, view in enumerate(views):
        for k, reason in view.reasons.items():
            answered[index, k] = Answered(Answer.not_asked(view.questions[k], reason), {})
    for group in by_shape(encoded, alone=model.family.reuse.alone):
        prompts = _prompts(group, views)
        if group[0].whole and prompts:
            answered |= _answer_whole_prompts(model, group, prompts, vision, request)
            continue
        with image_attention.entering(model, prompts) as peaks:
            filled = prefill.prefill(model, group, reads=trace.points(model, request.image_sites))
        shown = image_attention.shown(model, group, peaks, filled.sequences.cache)
        states = _by_view(model, group, filled.states, offset)
        new: dict[int, int] = {}
        for place, row in enumerate(group):
            if row.view not in image_level:
                new.setdefault(row.view, place)
        read = image_states(model, request, [states[place] for place in new.values()])
        image_level |= dict(zip(new, read, strict=True))
        vision |= {view: named_tensors.of_images(filled.vision, place) for view, place in new.items()}
        del states, read
        for batch in _batches(model, filled.sequences, prompts, request):
            answered |= _continue_prefix(model, filled.sequences, batch, request, shown)
    return [
        _reading(model, request, image_level.get(index, {}), [answered[index, k] for k in range(len(view.questions))])
        for index, view in enumerate(views)
    ]


def _by_view(model: "Model", group: Sequence[Row], states: trace.States, offset: int) -> list[ViewStates]:
    """The states of each row of a group, picture by picture."""
    of_pictures = iter(by_picture(model, states, [picture for row in group for picture in row.pictures]))
    return [ViewStates(offset + row.view, [next(of_pictures) for _ in row.pictures], row.pictures) for row in group]


def _reading(
    model: "Model", request: Request, image_level: Mapping[str, SiteStates], answered: Sequence[Answered]
) -> Reading:
    sample_level = sample_states(model, request, [each.states for each in answered])
    return Reading({**image_level, **sample_level}, tuple(each.answer for each in answered))


def _prompts(group: Sequence[Row], views: Sequence[EncodedView]) -> list[RenderedQuestion]:
    """All questions of a group of rows, in order."""
    return [
        RenderedQuestion(row.view, position, place, views[row.view].questions[position], text, tail, options)
        for place, row in enumerate(group)
        for position, text, tail, options in zip(row.questions, row.texts, row.tails, row.options, strict=True)
    ]


def _batches(
    model: "Model", prefixes: Sequences, prompts: Sequence[RenderedQuestion], request: Request
) -> Iterator[list[RenderedQuestion]]:
    """Prompts in batches that continue their prefixes together."""
    window = smallest_window(prefixes.cache)
    slots = prefixes.mask.shape[1] + max((len(prompt.tail) for prompt in prompts), default=0)
    outgrown = window < inf and window < slots + max((_room(model, each, request) for each in prompts), default=0)
    length = (lambda prompt: len(prompt.tail)) if outgrown else None
    yield from batches([each for each in prompts if len(each.tail) <= AT_ONCE], request.continued, length=length)
    yield from ([each] for each in prompts if len(each.tail) > AT_ONCE)  # each alone, part by part


def _room(model: "Model", prompt: RenderedQuestion, request: Request) -> int:
    """The largest number of tokens that an answer adds to a prompt."""
    question = prompt.question
    forced = answer_ids(model.blueprint, prompt.text, question.force or "")
    return max(request.limit(question) * question.generate, len(forced), *map(len, prompt.options), 0)


def _continue_prefix(
    model: "Model",
    prefixes: Sequences,
    prompts: Sequence[RenderedQuestion],
    request: Request,
    shown: Sequence[Shown],
) -> ByQuestion:
    """Answer prompts whose prefixes are in the cache; `shown` says where the pictures of each are, if that is asked.

    A long text goes in part by part: attention between all of it and all that there is takes memory that grows with
    the square of its length.
    """
    rows, tails = [prompt.row for prompt in prompts], [prompt.tail for prompt in prompts]
    while len(prompts) == 1 and len(tails[0]) > AT_ONCE:
        part = extend(model, prefixes, rows, [tails[0][:AT_ONCE]], padding_side=request.padding_side)
        prefixes, rows, tails = part.sequences, [0], [tails[0][AT_ONCE:]]
    reads = context_points(model, prompts, request)
    with image_attention.watched(model, prompts, last_slots(tails, request.padding_side)) as weights:
        grown = extend(model, prefixes, rows, tails, padding_side=request.padding_side, reads=reads, select=last_state)
    sequences, states = grown.sequences, grown.states
    del grown  # its logits are (row, slot, vocabulary)
    own = [shown[prompt.row] for prompt in prompts] if shown else []
    attention = image_attention.read(model, own, weights, sequences.mask)
    return answer_all(model, sequences, states, prompts, request, attention)


def _answer_whole_prompts(
    model: "Model",
    group: Sequence[Row],
    prompts: Sequence[RenderedQuestion],
    vision: Mapping[int, Any],
    request: Request,
) -> ByQuestion:
    """Answer prompts that each run from their start, on what the encoder has already made of their images."""
    answered: ByQuestion = {}
    for batch in batches(prompts, request.continued):
        encoded = named_tensors.joined([vision[each.view] for each in batch]) if batch[0].view in vision else None
        reads = context_points(model, batch, request)
        rows, last = [group[each.row] for each in batch], [-1] * len(batch)
        with image_attention.watched(model, batch, last) as weights, image_attention.entering(model, batch) as peaks:
            filled = prefill.prefill(model, rows, reads=reads, vision=encoded)
        contexts = filled.sequences
        shown = image_attention.shown(model, rows, peaks, contexts.cache)
        attention = image_attention.read(model, shown, weights, contexts.mask)
        answered |= answer_all(model, contexts, filled.last, batch, request, attention)
    return answered
