"""From a view and its questions to token ids: its pictures go through the processor once, whatever is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import control_tokens, repeated_prompts
from .context import Ids, added_around, option_ids, placeholder, render, token_ids
from .families import Inputs, all_families
from .library_errors import in_one_line
from .prepared_pictures import preparing_once
from .reading import Grid, Pixels, Question, View
from .state_kinds import KINDS

if TYPE_CHECKING:
    from .model import Blueprint, Model


@dataclass(frozen=True)
class Row:
    """One row of a prefix forward: a view up to and including its last image token, and the questions that follow.

    `inputs` are the model's for that prefix, each with a leading axis of its own pictures (input_ids is (1, token)).
    `pictures` are the inputs of each picture, as `ImageTokens` takes them, empty where the view has none.
    `tails` are the token ids after the prefix, one per question of `questions` (positions within the view), `texts`
    their rendered prompts, `options` the token ids of their options. A `whole` row is a prompt to its end: its one tail
    is empty, and one without questions is the image under the empty question.
    """

    view: int
    inputs: dict[str, Tensor]
    pictures: tuple[Inputs, ...]
    questions: tuple[int, ...]
    tails: tuple[Ids, ...]
    texts: tuple[str, ...]
    options: tuple[tuple[Ids, ...], ...] = ()
    whole: bool = False

    @property
    def shape(self) -> tuple:
        """Rows of equal shape go through the model together without padding."""
        shapes = tuple((name, value.shape[1:]) for name, value in self.inputs.items())
        return (self.whole, self.whole and bool(self.questions), shapes)


@dataclass(frozen=True)
class EncodedView:
    """A view as it goes into the model: what the processor makes of its pictures, in rows, and its questions.

    `reasons`: by a question's position why it is not asked.
    """

    rows: tuple[Row, ...]
    questions: tuple[Question, ...]
    reasons: Mapping[int, str] = field(default_factory=dict[int, str])

    @property
    def bytes(self) -> int:
        """Bytes of its rows' inputs."""
        return sum(value.nbytes for row in self.rows for value in row.inputs.values())


@dataclass(frozen=True)
class Shown:
    """The pictures of one view as the processor takes them, and a processor that prepares them once for all prompts."""

    pictures: list[Image.Image]
    processor: Any

    @classmethod
    def of(cls, blueprint: Blueprint, pictures: Sequence[Pixels]) -> Shown:
        """Raises ValueError where a picture is not (height, width, 3) uint8."""
        made = [_picture(pixels) for pixels in pictures]
        return cls(made, preparing_once(blueprint.processor, made))


def process(blueprint: Blueprint, pictures: Sequence[Pixels], text: str) -> dict[str, Tensor]:
    """The processor's own encoding of pictures with one rendered prompt; leading axes are pictures, tiles or patches.

    Without pictures, the tokenizer's encoding of the prompt. What the tokenizer adds after a text is left out where the
    answer continues the prompt. Raises ValueError where the ids do not end as the prompt does.
    """
    return _in_full(blueprint, Shown([*map(_picture, pictures)], blueprint.processor), text)


def process_shown(blueprint: Blueprint, shown: Shown, text: str) -> dict[str, Tensor]:
    """`process`, where the prompt may be remembered from other pictures of the same sizes.

    In the model's dtype, and where that is on a GPU in memory from which it copies while it computes.
    """
    inputs = (
        repeated_prompts.encode(
            blueprint.prompts, text, shown.processor, shown.pictures, lambda: _in_full(blueprint, shown, text)
        )
        if shown.pictures
        else _in_full(blueprint, shown, text)
    )
    dtype, pinned = getattr(torch, blueprint.dtype), blueprint.device.startswith("cuda")
    inputs = {name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items()}
    return {name: value if value.is_cuda or not pinned else value.pin_memory() for name, value in inputs.items()}


def _in_full(blueprint: Blueprint, shown: Shown, text: str) -> dict[str, Tensor]:
    special = _special(blueprint, text)
    if not shown.pictures:
        ids = torch.tensor([token_ids(blueprint.processor.tokenizer, text, special)])
        return _open_ended(blueprint, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
    # nested, so that processors take several pictures for those of one prompt
    images = shown.pictures if len(shown.pictures) == 1 else [shown.pictures]
    settings: dict[str, Any] = {"add_special_tokens": special}
    if control_tokens.is_marked(text):
        text, settings = _as_marked(blueprint, text, special)
    settings |= {"return_tensors": "pt", **blueprint.family.prompt.call_settings, **_where(blueprint)}
    encoded = shown.processor(images=images, text=[text], **settings)
    # labels, which some processors add, are for training
    inputs = {name: value for name, value in encoded.items() if isinstance(value, Tensor) and name != "labels"}
    inputs = _open_ended(blueprint, inputs)
    _check_end(blueprint, text, inputs)
    return inputs


def _as_marked(blueprint: Blueprint, text: str, special: bool) -> tuple[str, dict[str, Any]]:
    """A prompt with marked control tokens and the settings by which the processor reads them as text."""
    processor = blueprint.processor
    if others := sorted(name for name in vars(processor) if name.endswith("_tokenizer")):
        raise ValueError(
            f"the question has a control token, which the processor's {others[0]} cannot read as text. Take it out."
        )
    before, _ = added_around(processor.tokenizer) if special else ((), ())
    text = "".join(processor.tokenizer.convert_ids_to_tokens(before)) + text
    return text, {"add_special_tokens": False, "sanitize_control_tokens": True}


def _open_ended(blueprint: Blueprint, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Inputs without what the tokenizer adds after a text, where the answer continues the prompt."""
    _, after = added_around(blueprint.processor.tokenizer)
    ids = inputs["input_ids"][0].tolist()
    if not (blueprint.family.prompt.ends_open and after and ids[-len(after) :] == [*after]):
        return inputs
    return _headed(blueprint, inputs, len(ids) - len(after))


def _check_end(blueprint: Blueprint, text: str, inputs: dict[str, Tensor]) -> None:
    """Raise ValueError unless the ids after the last picture are all that the prompt has there."""
    prompt, tokenizer = blueprint.family.prompt, blueprint.processor.tokenizer
    if not prompt.ends_open:
        return
    ids = inputs["input_ids"][0].tolist()
    image = blueprint.image_token
    after = ids[len(ids) - ids[::-1].index(image) :] if image in ids else ids
    expected = token_ids(tokenizer, text.rpartition(placeholder(blueprint))[2] + prompt.closing, False)
    # as text: the first token behind a picture may be another one there
    read, written = (tokenizer.decode(list(each)).strip() for each in (after, expected))
    if not read.endswith(written):
        raise ValueError(
            f"the processor does not read the prompt to its end: the prompt ends {written[-60:]!r}, what the model "
            f"would read {read[-60:]!r}. Check the settings of its tokenizer."
        )


def process_image(blueprint: Blueprint, pixels: np.ndarray) -> dict[str, Tensor]:
    """The image processor's encoding of one picture, without text."""
    encoded = blueprint.processor.image_processor(images=[_picture(pixels)], return_tensors="pt", **_where(blueprint))
    return {name: value for name, value in encoded.items() if isinstance(value, Tensor)}


def _where(blueprint: Blueprint) -> dict[str, Any]:
    """The setting that has pictures prepared on the model's device, where the options ask for it."""
    return {"device": blueprint.device} if blueprint.options.pictures_on_device else {}


def image_grids(blueprint: Blueprint, height: int, width: int) -> dict[str, Grid]:
    """The (tiles, rows, columns) that a picture of this size becomes alone, in each tower that has tokens of it.

    Raises ValueError for a size that the processor or the family cannot take.
    """
    return {tower: grid for tower, (grid,) in view_grids(blueprint, [(height, width)]).items()}


def view_grids(blueprint: Blueprint, sizes: Sequence[tuple[int, int]]) -> dict[str, tuple[Grid, ...]]:
    """The grids that pictures of these (height, width) become in one view, in each tower that has tokens of them.

    Raises ValueError for sizes, or a number of pictures, that the processor or the family cannot take.
    """
    check_pictures(blueprint, len(sizes))
    px = " and ".join(f"{width}x{height}" for height, width in sizes)
    refusal = f"{blueprint.family.name} cannot take {'a picture' if len(sizes) == 1 else 'pictures'} of {px} px"
    try:
        grids = _grids_of_blank(blueprint, sizes)
    except ValueError as error:
        raise ValueError(f"{refusal}: {error}") from error
    except Exception as error:  # a processor's settings can be any
        raise ValueError(f"{refusal}: {in_one_line(error)}") from error
    if empty := [tower for tower, each in grids.items() if any(0 in grid for grid in each)]:
        raise ValueError(f"{refusal}: it has no token in {', '.join(empty)}")
    return grids


def check_pictures(blueprint: Blueprint, count: int) -> None:
    """Raise the ValueError that a view of so many pictures would raise."""
    family = blueprint.family
    if count == 0 and not family.text_only:
        raise ValueError(f"family {family.name!r} cannot be asked without an image. Give it a picture.")
    if count > 1 and not family.tokens.several:
        able = ", ".join(each.name for each in all_families() if each.tokens.several)
        raise ValueError(
            f"family {family.name!r} takes one picture a view, not {count}. Give one picture, or use a model of a "
            f"family that takes several ({able})."
        )


def _grids_of_blank(blueprint: Blueprint, sizes: Sequence[tuple[int, int]]) -> dict[str, tuple[Grid, ...]]:
    blanks = [np.zeros((*size, 3), np.uint8) for size in sizes]
    if blueprint.kind == "generative":
        inputs = process(blueprint, blanks, render(blueprint, "", pictures=len(blanks)))
        pictures = split_pictures(blueprint, inputs, len(blanks))
    else:
        pictures = (process_image(blueprint, blanks[0]),)
    grid = blueprint.family.tokens.grid
    return {
        name: tuple(grid(blueprint.config, picture, name) for picture in pictures)
        for name, tower in blueprint.towers.items()
        if any(KINDS[kind].has_tokens for kind in tower.kinds)
    }


def split_pictures(blueprint: Blueprint, inputs: dict[str, Tensor], count: int) -> tuple[Inputs, ...]:
    """The inputs of each of a view's `count` pictures, from those of the whole prompt.

    Of several pictures, each has as large a share of the image positions as of the pixels; its `input_ids` are those
    positions alone. Raises ValueError where the processor made another number of pictures.
    """
    if count < 2:
        return (inputs,) * count
    made = blueprint.family.tokens.split_pictures
    assert made is not None, "check_pictures rejects other families"
    parts = made(blueprint.config, inputs)
    if len(parts) != count:
        raise ValueError(f"the processor made {len(parts)} pictures of {count}. Check its settings, such as crops.")
    places = inputs["input_ids"][inputs["input_ids"] == blueprint.image_token]
    pixels = [part["pixel_values"].numel() for part in parts]
    shares = places.split([len(places) * each // sum(pixels) for each in pixels])
    return tuple({**part, "input_ids": share[None]} for part, share in zip(parts, shares, strict=True))


def rows(blueprint: Blueprint, index: int, view: View) -> list[Row]:
    """The rows of one view, in the order in which they are to be encoded.

    Where questions share their image's prefix, one, unless the prompt template puts something else before the image for
    some. Else, and without pictures, one a question, the image itself first. Raises ValueError where a picture is not
    (height, width, 3) uint8, and where the model cannot take so many of them.
    """
    check_pictures(blueprint, len(view.pictures))
    if not view.pictures:
        return _whole_rows(blueprint, index, view, Shown.of(blueprint, ()))
    if blueprint.family.reuse.shares_prefix:
        return _prefix_rows(blueprint, index, view)
    shown = Shown.of(blueprint, view.pictures)
    inputs = process_shown(blueprint, shown, render(blueprint, "", pictures=len(view.pictures)))
    pictures = split_pictures(blueprint, inputs, len(view.pictures))
    return [Row(index, inputs, pictures, (), (), (), whole=True), *_whole_rows(blueprint, index, view, shown)]


def _whole_rows(blueprint: Blueprint, index: int, view: View, shown: Shown) -> list[Row]:
    count = len(view.pictures)
    made: list[Row] = []
    for q, question in enumerate(view.questions):
        text = render(blueprint, question.text, pictures=count)
        inputs = process_shown(blueprint, shown, text)
        pictures = split_pictures(blueprint, inputs, count)
        options = (option_ids(blueprint, text, question.options),)
        made.append(Row(index, inputs, pictures, (q,), ((),), (text,), options, whole=True))
    return made


def _prefix_rows(blueprint: Blueprint, index: int, view: View) -> list[Row]:
    count = len(view.pictures)
    texts = [render(blueprint, question.text, pictures=count) for question in view.questions or (Question(""),)]
    asked, shown = len(view.questions), Shown.of(blueprint, view.pictures)
    made: list[Row] = []
    pending = list(range(len(texts)))
    while pending:
        first = _shown_first(blueprint, [texts[q] for q in pending], count)
        inputs = process_shown(blueprint, shown, first)
        contexts = {q: ids for q in pending if (ids := _expanded(blueprint, shown, inputs, first, texts[q]))}
        lead = next(iter(contexts))
        cut = _cut(blueprint, contexts[lead])
        head = contexts[lead][:cut]
        same = [q for q in contexts if contexts[q][:cut] == head]
        kept = tuple(q for q in same if q < asked)
        tails, prompts = tuple(contexts[q][cut:] for q in kept), tuple(texts[q] for q in kept)
        pictures = split_pictures(blueprint, inputs, count)
        options = tuple(option_ids(blueprint, texts[q], view.questions[q].options) for q in kept)
        made.append(Row(index, _headed(blueprint, inputs, cut), pictures, kept, tails, prompts, options))
        covered = set(same)
        pending = [q for q in pending if q not in covered]
    return made


def prefix_row(blueprint: Blueprint, inputs: Inputs) -> tuple[Row, Ids]:
    """An encoded prompt up to and including its last image token, as a row without questions, and the ids after it."""
    ids = tuple(inputs["input_ids"][0].tolist())
    cut = _cut(blueprint, ids)
    return Row(0, _headed(blueprint, dict(inputs), cut), (), (), (), ()), ids[cut:]


def _shown_first(blueprint: Blueprint, texts: Sequence[str], pictures: int) -> str:
    """The prompt that the processor encodes with the pictures: not every processor can read control tokens as text."""
    unmarked = next((text for text in texts if not control_tokens.is_marked(text)), None)
    return render(blueprint, "", pictures=pictures) if unmarked is None else unmarked


def _picture(pixels: Pixels) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(
            f"a picture must be (height, width, 3) uint8, not {pixels.shape} {pixels.dtype}. Convert it to RGB."
        )
    return Image.fromarray(pixels)


def _special(blueprint: Blueprint, text: str) -> bool:
    """Whether the tokenizer is to add its special tokens: not where the template has already written the first one."""
    tokenizer = blueprint.processor.tokenizer
    before, _ = added_around(tokenizer)
    first = {tokenizer.bos_token, *tokenizer.convert_ids_to_tokens(before[:1])} - {None, ""}
    return not text.removeprefix(placeholder(blueprint)).startswith(tuple(first))


def _expanded(blueprint: Blueprint, shown: Shown, inputs: dict[str, Tensor], first: str, other: str) -> Ids | None:
    """The ids of another prompt with these pictures, by putting the first one's image tokens at its placeholders.

    The processor's own where it ends them with text, which may merge with the question's. None where the two prompts
    differ before the pictures, so that these have to be encoded again.
    """
    whole = tuple(inputs["input_ids"][0].tolist())
    if first == other:
        return whole
    tokenizer = blueprint.processor.tokenizer
    closed = (text + blueprint.family.prompt.closing for text in (first, other))
    plain, ids = (token_ids(tokenizer, text, _special(blueprint, text)) for text in closed)
    shared = min(len(plain), len(whole))
    image = blueprint.image_token
    limit = min(shared, plain.index(image) + 1) if image in plain else shared
    start = next((i for i in range(limit) if plain[i] != whole[i]), limit)
    end = next((i for i in range(shared - start) if plain[-1 - i] != whole[-1 - i]), shared - start)
    placed = whole[start : len(whole) - end]
    if ids[:start] != plain[:start]:
        return None
    if placed and placed[-1] != image and placed[-1] not in _special_ids(tokenizer):
        return tuple(process_shown(blueprint, shown, other)["input_ids"][0].tolist())
    return ids[:start] + placed + ids[len(plain) - end :]


@lru_cache(maxsize=8)
def _special_ids(tokenizer: Any) -> frozenset[int]:
    """The ids of tokens that no text merges with; other added ones can be part of a longer one."""
    return frozenset(key for key, token in tokenizer.added_tokens_decoder.items() if token.special)


def _cut(blueprint: Blueprint, ids: Ids) -> int:
    image = blueprint.image_token
    if image not in ids:
        raise ValueError(f"the processor made no image tokens (id {image}) for this prompt. Check its chat template.")
    cut = len(ids) - ids[::-1].index(image)
    if blueprint.family.reuse.closing_marks:
        special = _special_ids(blueprint.processor.tokenizer)
        while cut + 1 < len(ids) and ids[cut] in special:
            cut += 1
    return cut


def _headed(blueprint: Blueprint, inputs: dict[str, Tensor], cut: int) -> dict[str, Tensor]:
    shape, carried = inputs["input_ids"].shape, blueprint.family.reuse.carried
    return {
        name: value[:, :cut] if value.shape == shape or name in carried else value for name, value in inputs.items()
    }


def stack(model: Model, made: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Inputs of one shape as one batch on the model's device, those that are not counts in its dtype."""
    dtype = getattr(torch, model.dtype)
    batch = {name: torch.cat([inputs[name].to(model.device, non_blocking=True) for inputs in made]) for name in made[0]}
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in batch.items()}
