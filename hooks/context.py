"""From a view and its questions to token ids: each image goes through the processor once, however many ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .reading import Grid, Question, View

if TYPE_CHECKING:
    from .loading import Blueprint

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One row of a prefix forward: a view up to and including its last image token, and the questions that follow.

    `inputs` are the model's for that prefix, each with a leading axis of its own images (input_ids is (1, token)).
    `tails` are the token ids after the prefix, one per question of `questions` (positions within the view), `texts`
    their rendered prompts.
    """

    view: int
    inputs: dict[str, Tensor]
    questions: tuple[int, ...]
    tails: tuple[Ids, ...]
    texts: tuple[str, ...]

    @property
    def shape(self) -> tuple:
        """Rows of equal shape go through the model together without padding."""
        return tuple((name, value.shape[1:]) for name, value in self.inputs.items())


def render(blueprint: Blueprint, text: str) -> str:
    """The prompt with the image before the text, from the chat template where there is one, ready for the answer.

    Raises ValueError where the text itself holds an image placeholder, which would stand for a second image.
    """
    processor = blueprint.processor
    placeholder = getattr(processor, "image_token", None) or "<image>"
    if placeholder in text:
        raise ValueError(f"question {text!r} contains the image placeholder {placeholder!r}. Take it out.")
    if getattr(processor, "chat_template", None) is None:
        return f"{placeholder}{text}"
    message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}
    return processor.apply_chat_template([message], add_generation_prompt=True, tokenize=False)


def process(blueprint: Blueprint, pixels: np.ndarray, text: str) -> dict[str, Tensor]:
    """The processor's own encoding of one image with one rendered prompt, leading axes being 1 (or patches)."""
    encoded = blueprint.processor(
        images=[_picture(pixels)],
        text=[text],
        return_tensors="pt",
        add_special_tokens=_special(blueprint.processor, text),
    )
    return {name: value for name, value in encoded.items() if isinstance(value, Tensor)}


def process_image(blueprint: Blueprint, pixels: np.ndarray) -> dict[str, Tensor]:
    """The image processor's encoding of one image, without text."""
    encoded = blueprint.processor.image_processor(images=[_picture(pixels)], return_tensors="pt")
    return {name: value for name, value in encoded.items() if isinstance(value, Tensor)}


def image_layout(blueprint: Blueprint, height: int, width: int) -> tuple[int, Grid]:
    """The number of tokens that an image of this size has where it leaves vision, and their grid."""
    blank = np.zeros((height, width, 3), np.uint8)
    if blueprint.kind == "contrastive":
        grid = blueprint.family.grid(blueprint.config, process_image(blueprint, blank), "vision")
        return int(np.prod(grid)), grid
    inputs = process(blueprint, blank, render(blueprint, ""))
    count = int((inputs["input_ids"] == blueprint.config.image_token_id).sum())
    return count, blueprint.family.grid(blueprint.config, inputs, "language")


def rows(blueprint: Blueprint, index: int, view: View) -> list[Row]:
    """The prefix rows of one view: one, unless the prompt template puts something else before the image for some.

    Raises ValueError where the pixels are not (height, width, 3) uint8.
    """
    texts = [render(blueprint, question.text) for question in view.questions or (Question(""),)]
    asked = len(view.questions)
    made: list[Row] = []
    pending = list(range(len(texts)))
    while pending:
        inputs = process(blueprint, view.pixels, texts[pending[0]])
        contexts = {q: ids for q in pending if (ids := _expanded(blueprint, inputs, texts[pending[0]], texts[q]))}
        cut = _cut(blueprint, contexts[pending[0]])
        head = contexts[pending[0]][:cut]
        same = [q for q in contexts if contexts[q][:cut] == head]
        kept = tuple(q for q in same if q < asked)
        tails, prompts = tuple(contexts[q][cut:] for q in kept), tuple(texts[q] for q in kept)
        made.append(Row(index, _headed(inputs, cut), kept, tails, prompts))
        pending = [q for q in pending if q not in same]
    return made


def batches(made: Sequence[Row]) -> list[list[Row]]:
    """Rows grouped by shape, in first-seen order, so that no prefix needs padding."""
    groups: dict[tuple, list[Row]] = {}
    for row in made:
        groups.setdefault(row.shape, []).append(row)
    return list(groups.values())


def answer_ids(blueprint: Blueprint, text: str, answer: str) -> Ids:
    """The token ids by which an answer continues a rendered prompt.

    They are the ids of (prompt + space + answer) after those of the prompt, so that tokenizers that mark word starts
    see one; where these two do not share a prefix, (space + answer) is tokenised alone. No space where the prompt ends
    in white space or a special token. Empty where the answer is blank.
    """
    if not answer.strip():
        return ()
    return _continuation(blueprint.processor.tokenizer, text, answer)


def option_ids(blueprint: Blueprint, text: str, options: Sequence[str]) -> tuple[Ids, ...]:
    """`answer_ids` of each option; ValueError naming one that tokenises to nothing."""
    made = tuple(answer_ids(blueprint, text, option) for option in options)
    for option, ids in zip(options, made, strict=True):
        if not ids:
            raise ValueError(f"option {option!r} of {options!r} tokenises to nothing. Give every option some text.")
    return made


@lru_cache(maxsize=4096)  # every condition of an image asks the same again
def _continuation(tokenizer: Any, text: str, answer: str) -> Ids:
    context = tuple(tokenizer(text, add_special_tokens=False)["input_ids"])
    bare = text[-1:].isspace() or (context and context[-1] in tokenizer.all_special_ids)
    answer = answer if bare else f" {answer}"
    joint = tuple(tokenizer(text + answer, add_special_tokens=False)["input_ids"])
    if joint[: len(context)] == context:
        return joint[len(context) :]
    return tuple(tokenizer(answer, add_special_tokens=False)["input_ids"])


def _picture(pixels: np.ndarray) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"pixels must be (height, width, 3) uint8, not {pixels.shape} {pixels.dtype}. Convert to RGB.")
    return Image.fromarray(pixels)


def _special(processor: Any, text: str) -> bool:
    bos = processor.tokenizer.bos_token
    return not (bos and text.startswith(bos))  # the template wrote it already


def _expanded(blueprint: Blueprint, inputs: dict[str, Tensor], first: str, other: str) -> Ids | None:
    """The ids of another prompt with this image, by putting the first one's image tokens at its placeholder.

    None where the two prompts differ before the image, so that the processor has to be asked.
    """
    whole = tuple(inputs["input_ids"][0].tolist())
    if first == other:
        return whole
    processor = blueprint.processor
    plain, ids = (
        tuple(processor.tokenizer(text, add_special_tokens=_special(processor, text))["input_ids"])
        for text in (first, other)
    )
    shared = min(len(plain), len(whole))
    image = blueprint.config.image_token_id
    limit = min(shared, plain.index(image) + 1) if image in plain else shared
    start = next((i for i in range(limit) if plain[i] != whole[i]), limit)
    end = next((i for i in range(shared - start) if plain[-1 - i] != whole[-1 - i]), shared - start)
    placed = whole[start : len(whole) - end]
    if ids[:start] != plain[:start]:
        return None
    return ids[:start] + placed + ids[len(plain) - end :]


def _cut(blueprint: Blueprint, ids: Ids) -> int:
    image = blueprint.config.image_token_id
    if image not in ids:
        raise ValueError(f"the processor made no image tokens (id {image}) for this prompt. Check its chat template.")
    return len(ids) - ids[::-1].index(image)


def _headed(inputs: dict[str, Tensor], cut: int) -> dict[str, Tensor]:
    shape = inputs["input_ids"].shape
    return {name: value[:, :cut] if value.shape == shape else value for name, value in inputs.items()}


def stack(made: Sequence[Row], device: torch.device) -> dict[str, Tensor]:
    """The inputs of rows of one shape as one batch on the device."""
    return {name: torch.cat([row.inputs[name] for row in made]).to(device) for name in made[0].inputs}
