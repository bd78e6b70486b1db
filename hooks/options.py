"""Scoring answers as continuations of contexts: batched from the cache, and by the slow exact reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from . import trace
from .batching import batches, smallest_window
from .context import Ids, option_ids, render
from .continuation import Extension, Sequences, extend, mean_state
from .encoding import process, stack
from .reading import Answer, Question, View, choose
from .request import PaddingSide

if TYPE_CHECKING:
    from .model import Model


LOGITS = 2**25
"""Logits that are read in float32 together."""


@dataclass(frozen=True)
class Span:
    """An answer's token ids, as a continuation of context `row`."""

    row: int
    ids: Ids


@dataclass(frozen=True)
class Scored:
    """Log p of each token of a span and of the end of turn after it (nats), and its mean state (point, feature)."""

    log_probs: np.ndarray
    end_of_turn: float
    mean: Tensor | None = None


def score(
    model: "Model",
    contexts: Sequences,
    spans: Sequence[Span],
    *,
    points: Sequence[trace.Point] = (),
    batch_size: int,
    padding_side: PaddingSide = "right",
    end_of_turn: bool = True,
) -> list[Scored]:
    """Log-likelihoods of spans under their contexts, in float32 nats.

    A span's last token goes through the model only where states or `end_of_turn` are needed, so that one of a single
    token is scored from its context's own logits. All others continue together, longest first.
    """
    first = _first_log_probs(contexts.logits, spans)
    scored = [Scored(np.array([each], np.float32), np.nan) for each in first]
    whole = end_of_turn or bool(points)
    read = [span.ids if whole else span.ids[:-1] for span in spans]
    continued = sorted((i for i, ids in enumerate(read) if ids), key=lambda i: (-len(read[i]), i))
    slots = contexts.mask.shape[1] + max((len(read[i]) for i in continued), default=0)
    outgrown = smallest_window(contexts.cache) < slots
    for batch in batches(continued, batch_size, length=(lambda i: len(read[i])) if outgrown else None):
        grown = extend(
            model,
            contexts,
            [spans[i].row for i in batch],
            [read[i] for i in batch],
            padding_side=padding_side,
            reads=points,
            select=mean_state,
            logits="all",
        )
        later, ends = _log_probs_of(model, grown, [spans[i].ids for i in batch])
        for place, i in enumerate(batch):
            mean = torch.stack([grown.states[point][place] for point in points]) if points else None
            log_probs = np.array([first[i], *later[place][: len(spans[i].ids) - 1]], np.float32)
            scored[i] = Scored(log_probs, float(ends[place]) if end_of_turn else np.nan, mean)
    return scored


def answer(options: Sequence[Scored]) -> Answer:
    """The answer to a question from its scored options."""
    scores = np.array([scored.log_probs.sum(dtype=np.float64) for scored in options], np.float32)
    counts = np.array([len(scored.log_probs) for scored in options], np.int32)
    ends = np.array([scored.end_of_turn for scored in options], np.float32)
    return Answer(scores, counts, ends, choice=choose(scores))


def score_reference(model: "Model", view: View) -> tuple[Answer, ...]:
    """The slow exact path: one whole forward, vision included, for every option of every question, without batches.

    The prompt goes through the processor each time. The options' token ids are those of the fast path.
    """
    return tuple(_answer_reference(model, view, question) for question in view.questions)


def _answer_reference(model: "Model", view: View, question: Question) -> Answer:
    text = render(model.blueprint, question.text, pictures=len(view.pictures))
    return answer([_score_whole(model, view, text, ids) for ids in option_ids(model.blueprint, text, question.options)])


def _score_whole(model: "Model", view: View, text: str, ids: Ids) -> Scored:
    prompt = stack(model, [process(model.blueprint, view.pictures, text)])
    written = _decoded if model.family.decoder else _with_answer
    logits = trace.logits(model, written(model, prompt, ids))[0][0, -len(ids) - 1 :].float()
    return Scored(np.array(_log_probs(logits[:-1], ids), np.float32), _end(model, logits[-1:])[0])


def _decoded(model: "Model", inputs: Mapping[str, Tensor], ids: Ids) -> dict[str, Any]:
    """Inputs of one prompt, and a decoder's tokens with an answer at their end."""
    decoder = model.family.decoder
    assert decoder is not None
    begun = decoder.begin(model.module, inputs)
    return decoder.whole(inputs, torch.cat([begun, torch.tensor([ids], device=model.device)], dim=1))


def _with_answer(model: "Model", inputs: Mapping[str, Tensor], ids: Ids) -> dict[str, Any]:
    """Inputs of one prompt followed by an answer: other inputs that are aligned with the tokens are padded by zeros."""
    family, added = model.family, torch.tensor([ids], device=model.device)
    shape = inputs["input_ids"].shape
    more = {
        **{name: torch.zeros_like(added) for name, value in inputs.items() if value.shape == shape},
        "input_ids": added,
        "attention_mask": torch.ones_like(added),
        "token_type_ids": torch.full_like(added, family.reuse.answer_type),
        **{
            name: inputs[name][:, -1:].expand(-1, len(ids), *inputs[name].shape[2:])
            for name in family.reuse.carried
            if name in inputs
        },
    }
    joined = {
        name: torch.cat([value, more[name].to(value)], dim=1) if name in more else value
        for name, value in inputs.items()
    }
    return {**joined, "use_cache": False}


def _log_probs_of(model: "Model", grown: Extension, spans: Sequence[Ids]) -> tuple[list[np.ndarray], np.ndarray]:
    """After each new slot of each row: log p of the span's token there, and of the end of turn after the last, in nats.

    In portions of rows, which need float32 logits of their own.
    """
    rows, slots, vocabulary = grown.logits.shape
    following = torch.zeros(rows, slots, dtype=torch.long)
    for row, ids in enumerate(spans):
        real = grown.lengths[row]
        start = grown.starts[row]
        known = ids[1 : real + 1]
        following[row, start : start + len(known)] = torch.tensor(known, dtype=torch.long)
    following = following.to(grown.logits.device)
    last = torch.tensor([start + real - 1 for start, real in zip(grown.starts, grown.lengths, strict=True)])
    most = max(1, LOGITS // (slots * vocabulary))
    tokens, ends = list[Tensor](), list[Tensor]()
    for part in torch.arange(rows).split(most):
        logits = grown.logits[part[0] : part[-1] + 1].float()
        total = logits.logsumexp(-1)
        tokens.append(logits.gather(-1, following[part[0] : part[-1] + 1, :, None])[..., 0] - total)
        at_end = (torch.arange(len(part), device=logits.device), last[part].to(logits.device))
        ends.append(logits[at_end][:, list(model.stop_ids)].logsumexp(-1) - total[at_end])
    found = torch.cat(tokens).cpu().numpy()
    places = [slice(start, start + real) for start, real in zip(grown.starts, grown.lengths, strict=True)]
    return [row[place] for row, place in zip(found, places, strict=True)], torch.cat(ends).cpu().numpy()


def _first_log_probs(logits: Tensor, spans: Sequence[Span]) -> list[float]:
    """log p of the first token of each span, by the logits (row, vocabulary) of its context, in nats."""
    rows, ids = torch.tensor([(span.row, span.ids[0]) for span in spans], device=logits.device).view(-1, 2).long().T
    return (logits[rows, ids] - logits.logsumexp(-1)[rows]).tolist()


def _log_probs(logits: Tensor, ids: Sequence[int]) -> list[float]:
    """log p of one token per row of float32 logits: (row, vocabulary), (row) -> (row) nats."""
    index = torch.tensor(ids, dtype=torch.long, device=logits.device)
    return (logits.gather(1, index[:, None])[:, 0] - logits.logsumexp(-1)).tolist()


def _end(model: "Model", logits: Tensor) -> list[float]:
    """log p that the turn ends here, over all stop tokens: (row, vocabulary) -> (row) nats."""
    return (logits[:, list(model.stop_ids)].logsumexp(-1) - logits.logsumexp(-1)).tolist()
