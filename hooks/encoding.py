"""From a view and its questions to token ids: each image goes through the processor once, however many ask about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .context import Ids, placeholder, render
from .reading import Grid, Question, View
from .state_kinds import KINDS

if TYPE_CHECKING:
    from .model import Blueprint, Model


@dataclass(frozen=True)
class Row:
    """One row of a prefix forward: a view up to and including its last image token, and the questions that follow.

    `inputs` are the model's for that prefix, each with a leading axis of its own images (input_ids is (1, token)).
    `tails` are the token ids after the prefix, one per question of `questions` (positions within the view), `texts`
    their rendered prompts. A `whole` row holds a prompt to its end: its one tail is empty, and one without questions
    is the image under the empty question.
    """

    view: int
    inputs: dict[str, Tensor]
    questions: tuple[int, ...]
    tails: tuple[Ids, ...]
    texts: tuple[str, ...]
    whole: bool = False

    @property
    def shape(self) -> tuple:
        """Rows of equal shape go through the model together without padding."""
        shapes = tuple((name, value.shape[1:]) for name, value in self.inputs.items())
        return (self.whole, self.whole and bool(self.questions), shapes)


def process(blueprint: Blueprint, pixels: np.ndarray | None, text: str) -> dict[str, Tensor]:
    """The processor's own encoding of one image with one rendered prompt, leading axes being 1 (or patches, tiles).

    Without an image, the tokenizer's encoding of the prompt.
    """
    special = _special(blueprint, text)
    if pixels is None:
        encoded = blueprint.processor.tokenizer([text], return_tensors="pt", add_special_tokens=special)
        return {name: encoded[name] for name in ("input_ids", "attention_mask")}
    encoded = blueprint.processor(
        images=[_picture(pixels)], text=[text], return_tensors="pt", add_special_tokens=special
    )
    # labels, which some processors add, are for training
    return {name: value for name, value in encoded.items() if isinstance(value, Tensor) and name != "labels"}


def process_image(blueprint: Blueprint, pixels: np.ndarray) -> dict[str, Tensor]:
    """The image processor's encoding of one image, without text."""
    encoded = blueprint.processor.image_processor(images=[_picture(pixels)], return_tensors="pt")
    return {name: value for name, value in encoded.items() if isinstance(value, Tensor)}


def image_grids(blueprint: Blueprint, height: int, width: int) -> dict[str, Grid]:
    """The (tiles, rows, columns) that an image of this size becomes, in each tower that has tokens of it.

    Raises ValueError for a size that the processor or the family cannot take.
    """
    where = f"{blueprint.family.name} cannot take a picture of {width}x{height} px"
    try:
        grids = _grids_of_blank(blueprint, height, width)
    except (ValueError, RuntimeError, ArithmeticError) as error:
        raise ValueError(f"{where}: {error}") from error
    if empty := [tower for tower, grid in grids.items() if 0 in grid]:
        raise ValueError(f"{where}: it has no token in {', '.join(empty)}")
    return grids


def _grids_of_blank(blueprint: Blueprint, height: int, width: int) -> dict[str, Grid]:
    blank = np.zeros((height, width, 3), np.uint8)
    generative = blueprint.kind == "generative"
    inputs = process(blueprint, blank, render(blueprint, "")) if generative else process_image(blueprint, blank)
    return {
        name: blueprint.family.tokens.grid(blueprint.config, inputs, name)
        for name, tower in blueprint.towers.items()
        if any(KINDS[kind].has_tokens for kind in tower.kinds)
    }


def rows(blueprint: Blueprint, index: int, view: View) -> list[Row]:
    """The rows of one view, in the order in which they are to be encoded.

    Where questions share their image's prefix, one, unless the prompt template puts something else before the image for
    some. Else, and without an image, one a question, the image itself first. Raises ValueError where the pixels are not
    (height, width, 3) uint8, or where the model cannot do without.
    """
    if view.pixels is None:
        if not blueprint.family.text_only:
            raise ValueError(f"family {blueprint.family.name!r} cannot be asked without an image. Give it pixels.")
        return _whole_rows(blueprint, index, view)
    if blueprint.family.reuse.shares_prefix:
        return _prefix_rows(blueprint, index, view)
    inputs = process(blueprint, view.pixels, render(blueprint, ""))
    return [Row(index, inputs, (), (), (), whole=True), *_whole_rows(blueprint, index, view)]


def _whole_rows(blueprint: Blueprint, index: int, view: View) -> list[Row]:
    texts = [render(blueprint, question.text, image=view.pixels is not None) for question in view.questions]
    return [
        Row(index, process(blueprint, view.pixels, text), (q,), ((),), (text,), whole=True)
        for q, text in enumerate(texts)
    ]


def _prefix_rows(blueprint: Blueprint, index: int, view: View) -> list[Row]:
    texts = [render(blueprint, question.text) for question in view.questions or (Question(""),)]
    asked = len(view.questions)
    made: list[Row] = []
    pending = list(range(len(texts)))
    while pending:
        inputs = process(blueprint, view.pixels, texts[pending[0]])
        first = texts[pending[0]]
        contexts = {q: ids for q in pending if (ids := _expanded(blueprint, view.pixels, inputs, first, texts[q]))}
        cut = _cut(blueprint, contexts[pending[0]])
        head = contexts[pending[0]][:cut]
        same = [q for q in contexts if contexts[q][:cut] == head]
        kept = tuple(q for q in same if q < asked)
        tails, prompts = tuple(contexts[q][cut:] for q in kept), tuple(texts[q] for q in kept)
        made.append(Row(index, _headed(blueprint, inputs, cut), kept, tails, prompts))
        pending = [q for q in pending if q not in same]
    return made


def _picture(pixels: np.ndarray) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"pixels must be (height, width, 3) uint8, not {pixels.shape} {pixels.dtype}. Convert to RGB.")
    return Image.fromarray(pixels)


def _special(blueprint: Blueprint, text: str) -> bool:
    bos = blueprint.processor.tokenizer.bos_token
    return not (bos and text.removeprefix(placeholder(blueprint)).startswith(bos))  # the template wrote it already


def _expanded(
    blueprint: Blueprint, pixels: np.ndarray | None, inputs: dict[str, Tensor], first: str, other: str
) -> Ids | None:
    """The ids of another prompt with this image, by putting the first one's image tokens at its placeholder.

    The processor's own where it ends them with text, which may merge with the question's. None where the two prompts
    differ before the image, so that the image has to be encoded again.
    """
    whole = tuple(inputs["input_ids"][0].tolist())
    if first == other:
        return whole
    processor = blueprint.processor
    plain, ids = (
        tuple(processor.tokenizer(text, add_special_tokens=_special(blueprint, text))["input_ids"])
        for text in (first, other)
    )
    shared = min(len(plain), len(whole))
    image = blueprint.image_token
    limit = min(shared, plain.index(image) + 1) if image in plain else shared
    start = next((i for i in range(limit) if plain[i] != whole[i]), limit)
    end = next((i for i in range(shared - start) if plain[-1 - i] != whole[-1 - i]), shared - start)
    placed = whole[start : len(whole) - end]
    if ids[:start] != plain[:start]:
        return None
    if placed and placed[-1] != image and placed[-1] not in _special_ids(processor.tokenizer):
        return tuple(process(blueprint, pixels, other)["input_ids"][0].tolist())
    return ids[:start] + placed + ids[len(plain) - end :]


@lru_cache(maxsize=8)
def _special_ids(tokenizer: Any) -> frozenset[int]:
    """The ids of tokens that no text merges with; other added ones can be part of a longer one."""
    return frozenset(key for key, token in tokenizer.added_tokens_decoder.items() if token.special)


def _cut(blueprint: Blueprint, ids: Ids) -> int:
    image = blueprint.image_token
    if image not in ids:
        raise ValueError(f"the processor made no image tokens (id {image}) for this prompt. Check its chat template.")
    return len(ids) - ids[::-1].index(image)


def _headed(blueprint: Blueprint, inputs: dict[str, Tensor], cut: int) -> dict[str, Tensor]:
    shape, carried = inputs["input_ids"].shape, blueprint.family.reuse.carried
    return {
        name: value[:, :cut] if value.shape == shape or name in carried else value for name, value in inputs.items()
    }


def stack(model: Model, made: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Inputs of one shape as one batch on the model's device, those that are not counts in its dtype."""
    dtype = getattr(torch, model.dtype)
    batch = {name: torch.cat([inputs[name] for inputs in made]).to(model.device) for name in made[0]}
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in batch.items()}
