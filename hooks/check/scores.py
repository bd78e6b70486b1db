"""Are answers the model's own, however they are batched and whatever is reused?"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer

from .. import capture, options
from ..context import render, token_ids
from ..contrastive import caption_tokens
from ..encoding import process, rows, stack
from ..reading import Answer, Reading, View
from .finding import require
from .forwards import SEVERAL, SIZES, inputs_of, picture, pictures, shown_sizes, states_of_each, tolerance
from .kinds import QUESTIONS

if TYPE_CHECKING:
    from ..model import Model

NEW_TOKENS = 8
GREEDY = {"do_sample": False, "num_beams": 1, "no_repeat_ngram_size": 0}
"""Settings of `generate` for greedy decoding; the rest is the checkpoint's own generation config."""


def vision_once(model: "Model") -> str:
    """The vision tower runs once per view, whatever the number of questions and options."""
    shown = _some_pictures(model)
    for each in shown:
        with counted_vision(model) as once:
            states_of_each(model, each)
        with counted_vision(model) as calls:
            capture.read(model, [View(each, QUESTIONS)], (), batch_size=1)
        require(calls == once, f"for {len(QUESTIONS)} questions the vision tower ran on {calls} tokens, not on {once}")
    scored = sum(len(question.options) for question in QUESTIONS)
    return f"{_counted(shown)}, {len(QUESTIONS)} questions, {scored} options"


def _some_pictures(model: "Model") -> list[tuple[np.ndarray, ...]]:
    """The pictures of one view of one, and of one of three where a view may have several."""
    return [pictures(sizes) for sizes in (SIZES[:1], SEVERAL[-1])[: 1 + model.family.tokens.several]]


def _counted(shown: Sequence[Sequence[np.ndarray]]) -> str:
    return " and ".join(f"{len(each)} picture" + "s" * (len(each) > 1) for each in shown)


def prompts(model: "Model") -> str:
    """Every question's prompt has the ids that the processor gives it with the pictures, and its text is read whole."""
    shown = _some_pictures(model)
    for view in (View(each, QUESTIONS) for each in shown):
        for row in rows(model.blueprint, 0, view):
            for text, tail in zip(row.texts, row.tails, strict=True):
                mine = [*row.inputs["input_ids"][0].tolist(), *tail]
                theirs = process(model.blueprint, view.pictures, text)["input_ids"][0].tolist()
                require(mine == theirs, f"prompt {text!r} has ids {mine}, the processor's are {theirs}")
    for text in (render(model.blueprint, question.text, pictures=0) for question in QUESTIONS):
        mine = list(token_ids(model.processor.tokenizer, text, False))
        theirs = _ids_of_file(model, text)
        require(theirs in (None, mine), f"text {text!r} has ids {mine}, by tokenizer.json alone it has {theirs}")
    template = model.blueprint.chat_template
    written = f"by the chat template of its {template.owner}" if template else "without chat template"
    return f"{len(QUESTIONS)} prompts with {_counted(shown)}, {written}"


def _ids_of_file(model: "Model", text: str) -> list[int] | None:
    """The ids of a text by the checkpoint's tokenizer.json alone; None where it has no such file."""
    file = model.blueprint.directory / "tokenizer.json"
    if not file.is_file():
        return None
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer.encode(text, add_special_tokens=False).ids


def encode_once(model: "Model") -> str:
    """Scores from the cache are those of one whole forward per option, with pictures and, where it can be, without."""
    shown = [pictures(sizes) for sizes in shown_sizes(model)] + [()] * model.family.text_only
    views = [View(each, QUESTIONS) for each in shown]
    limit, worst = tolerance(model), 0.0
    for view, reading in zip(views, capture.read(model, views, (), batch_size=len(views)), strict=True):
        worst = max(worst, _largest_difference(reading.answers, options.score_reference(model, view)))
    require(worst <= limit, f"scores differ from one whole forward per option by {worst:.2g} nats (limit {limit:g})")
    return f"within {worst:.1g} nats of one whole forward per option (limit {limit:g}), prefix {_reuse(model)}"


def _reuse(model: "Model") -> str:
    return "once per image" if model.family.reuse.shares_prefix else "per question, vision once"


def batches(model: "Model") -> str:
    """Answers do not depend on the other views of a batch, on their order, or on the padding side."""
    views = [View(pictures(sizes), QUESTIONS[: 1 + k % 2]) for k, sizes in enumerate(shown_sizes(model))]
    alone = [capture.read(model, [view], (), batch_size=1)[0] for view in views]
    limit, worst = tolerance(model), 0.0
    for side in ("left", "right"):
        together = capture.read(model, views, (), batch_size=len(views), padding_side=side)
        worst = max(worst, *(_largest_difference(a.answers, b.answers) for a, b in zip(alone, together, strict=True)))
    require(worst <= limit, f"batched answers differ from single ones by {worst:.2g} nats (limit {limit:g})")
    return f"{len(views)} views of different sizes, padded left and right, within {worst:.1g} nats (limit {limit:g})"


def _largest_difference(mine: tuple[Answer, ...], theirs: tuple[Answer, ...]) -> float:
    return max(float(np.abs(a.log_likelihood - b.log_likelihood).max()) for a, b in zip(mine, theirs, strict=True))


def greedy(model: "Model") -> str:
    """Free answers are those of the model's own `generate` without sampling and penalties, token for token."""
    shown = _some_pictures(model)
    return ", ".join(f"{_greedy(model, each)} with {_counted([each])}" for each in shown)


def _greedy(model: "Model", shown: tuple[np.ndarray, ...]) -> str:
    question = replace(QUESTIONS[1], generate=True)
    view = View(shown, (question,))
    reading: Reading = capture.read(model, [view], (), batch_size=1, max_new_tokens=NEW_TOKENS)[0]
    prompt = render(model.blueprint, question.text, pictures=len(shown))
    inputs = stack(model, [process(model.blueprint, shown, prompt)])
    with model.lock, torch.inference_mode():
        made = model.module.generate(
            **{name: value.clone() for name, value in inputs.items()},
            **GREEDY,
            max_new_tokens=_room(model),
            output_scores=True,
            return_dict_in_generate=True,
        )
    ids, before = made.sequences[0].tolist(), _before_answer(model, inputs)
    new = ids[len(before) :] if ids[: len(before)] == before else ids
    mine, theirs = reading.answers[0].text or "", _written(model, new)
    if mine != theirs:
        differing = (k for k in range(len(new)) if not mine.startswith(_written(model, new[: k + 1])))
        first_different = next(differing, len(new) - 1)
        first, second = made.scores[first_different][0].float().topk(2).values.tolist()
        message = f"{mine!r}, but generate writes {theirs!r}; its two best scores there are {first - second:.2g} apart"
        require(first - second < tolerance(model), message)
        return f"{first_different} tokens, then a tie"
    return f"{len(new)} tokens"


def _room(model: "Model") -> int:
    """How many tokens the model must write for as many of its own: some have to begin or end with a given one."""
    forced = (getattr(model.generation, f"forced_{end}_token_id", None) for end in ("bos", "eos"))
    return NEW_TOKENS + sum(token is not None for token in forced)


def _before_answer(model: "Model", inputs: dict[str, Any]) -> list[int]:
    """The ids that stand before the answer where the model writes it."""
    decoder = model.family.decoder
    ids = inputs["input_ids"] if decoder is None else decoder.begin(model.module, inputs)
    return ids[0].tolist()


def _written(model: "Model", ids: list[int]) -> str:
    kept = [token for token in ids if token not in model.stop_ids]
    return model.processor.tokenizer.decode(kept, skip_special_tokens=True).strip()


def logits(model: "Model") -> str:
    """Scores are those of the model's own forward on each image with each caption."""
    views = [View((picture(*size),), QUESTIONS) for size in SIZES]
    worst = 0.0
    for view, reading in zip(views, capture.read(model, views, (), batch_size=len(views)), strict=True):
        for question, answer in zip(QUESTIONS, reading.answers, strict=True):
            theirs = [_own_score(model, view.pictures[0], caption) for caption in question.options]
            worst = max(worst, float(np.abs(answer.log_likelihood - theirs).max()))
    limit = tolerance(model)
    require(worst <= limit, f"scores differ from the model's own logits by {worst:.2g} (limit {limit:g})")
    return f"within {worst:.1g} of the model's own logits (limit {limit:g})"


def _own_score(model: "Model", pixels: Any, caption: str) -> float:
    tokens = model.family.contrast.with_image(model.config, caption_tokens(model.blueprint, [caption]))
    with model.lock, torch.inference_mode():
        output = model.module(**stack(model, [tokens]), **inputs_of(model, pixels))
    return float(model.family.contrast.output_score(output))


@contextmanager
def counted_vision(model: "Model") -> Iterator[list[int]]:
    """Record the number of tokens of each call of the vision tower: a list that grows inside the block."""
    calls: list[int] = []
    modules = model.family.modules
    tower = attrgetter(modules.vision or modules.encoder or modules.projector)(model.module)
    # without blocks, its first layer: where an encoder's output is given, the encoder is called, but not what is in it
    stacked = "vision" in model.towers and model.towers["vision"].layers
    blocks = tower if stacked else (each for each in tower.modules() if not [*each.children()])
    block = next(iter(blocks))
    hook = block.register_forward_pre_hook(
        lambda module, args, kwargs: calls.append(_width(args, kwargs)), with_kwargs=True
    )
    try:
        yield calls
    finally:
        hook.remove()


def _width(args: tuple, kwargs: dict[str, Any]) -> int:
    """Tokens in what a block is called on: its first tensor, whatever its name."""
    state = next(each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor))
    return state.shape[:-1].numel()
