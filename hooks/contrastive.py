"""Reading a contrastive model: vision runs once per image, and every distinct caption is encoded once and cached.

Where the text tower attends to the image, captions are encoded once for each image.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from . import control_tokens, trace
from .batching import by_shape
from .context import check_distinct, token_ids
from .encoding import EncodedView, Row, check_pictures, process_image, stack
from .families.contrast import Captions, Match
from .named_tensors import of_images
from .reading import Answer, Question, Reading, View, choose
from .request import Request
from .site_states import ViewStates, by_picture, image_states
from .tokenizing import TOKENIZING

if TYPE_CHECKING:
    from .model import Blueprint, Model

CACHED = 4096
"""The maximum number of captions whose features are kept, so that memory does not grow with the number of samples."""

MATCHED = 32
"""Captions that attend to an image in one forward: each needs a copy of the image's tokens."""


def encode(model: "Model", view: View) -> EncodedView:
    """What the processor makes of a view's picture. Raises ValueError for a view of none or several pictures."""
    return EncodedView(tuple(rows(model.blueprint, 0, view)), view.questions)


def check_question(model: "Model", question: Question) -> None:
    """Raise the ValueError that scoring this question's captions would raise."""
    check_captions(model, question.options)


def read_batch(model: "Model", offset: int, views: Sequence[EncodedView], request: Request) -> list[Reading]:
    """Read one batch of views; `offset` is the index of the first among all views.

    Options are scored as captions of the image; the question's own text is not used.
    """
    contrast = model.family.contrast
    readings: dict[int, Reading] = {}
    for group in by_shape([replace(row, view=index) for index, view in enumerate(views) for row in view.rows]):
        images = [row.inputs for row in group]
        reads = trace.points(model, request.image_sites)
        output, states = trace.run(model, stack(model, images), reads=reads, method=contrast.image_method)
        embedded = contrast.embedding(model.module, output)
        own = [
            ViewStates(offset + row.view, [each], row.pictures, embedded[place])
            for place, (row, each) in enumerate(zip(group, by_picture(model, states, images), strict=True))
        ]
        for place, (row, image_level) in enumerate(zip(group, image_states(model, request, own), strict=True)):
            image = None if contrast.match is None else of_images(output, place)
            answers = tuple(_answer(model, image, embedded[place], each) for each in views[row.view].questions)
            readings[row.view] = Reading(image_level, answers)
    return [readings[index] for index in range(len(views))]


def caption_tokens(blueprint: "Blueprint", texts: Sequence[str]) -> Captions:
    """The processor's encoding of captions, padded as in training, else to the longest of them."""
    contrast = blueprint.family.contrast
    longest = {"padding": "max_length", "max_length": contrast.longest(blueprint.config)}
    settings = longest if contrast.padded else {"padding": True, "max_length": None}
    with TOKENIZING:
        made = blueprint.processor(text=[contrast.caption(text) for text in texts], return_tensors="pt", **settings)
    return dict(made)


def text_features(model: "Model", texts: Sequence[str]) -> Tensor:
    """The model's projected features of captions, not normalised: (text, feature).

    Each is computed by itself, so that its bits do not depend on which captions came before.
    """
    new = [text for text in dict.fromkeys(texts) if text not in model.text_features]
    if len(model.text_features) + len(new) > CACHED:
        model.text_features.clear()
        new = list(dict.fromkeys(texts))
    with model.lock, torch.inference_mode():
        for text in new:
            model.text_features[text] = model.family.contrast.text(model.module, _on_device(model, [text]))[0]
    return torch.stack([model.text_features[text] for text in texts])


def check_captions(model: "Model", captions: Sequence[str]) -> list[int]:
    """The number of tokens of each caption.

    Raises ValueError for one that is blank, has white space at its ends or a control token, has the same tokens as
    another, or is longer than the text tower allows.
    """
    contrast = model.family.contrast
    limit = contrast.longest(model.config)
    tokenizer = model.processor.tokenizer
    for caption in captions:
        if control_tokens.is_marked(control_tokens.mark(tokenizer, caption)):
            raise ValueError(
                f"option {caption!r} has a control token of the model, such as an end of text. Take it out."
            )
    ids = [token_ids(tokenizer, contrast.caption(caption), True) if caption.strip() else () for caption in captions]
    check_distinct(captions, ids)
    for caption, own in zip(captions, ids, strict=True):
        if len(own) > limit:
            raise ValueError(f"option {caption!r} has {len(own)} tokens, the text tower takes {limit}. Shorten it.")
    return [len(own) for own in ids]


def rows(blueprint: "Blueprint", index: int, view: View) -> list[Row]:
    """A view's picture by itself, without text. Raises ValueError for a view of none or several pictures."""
    check_pictures(blueprint, len(view.pictures))
    inputs = process_image(blueprint, view.pictures[0])
    return [Row(index, inputs, (inputs,), questions=(), tails=(), texts=())]


def _answer(model: "Model", image: Any, embedding: Tensor, question: Question) -> Answer:
    """Score captions of one image by its `embedding` (feature), or by what captions attend to (`image`)."""
    count = len(question.options)
    if not count:
        return Answer(np.empty(0, np.float32), np.empty(0, np.int32), np.empty(0, np.float32))
    lengths = check_captions(model, question.options)
    if model.family.contrast.match is None:
        logits = _compared(model, embedding, question.options)
    else:
        logits = _matched(model, model.family.contrast.match, image, question.options)
    scores = logits.float().cpu().numpy()
    return Answer(scores, np.array(lengths, np.int32), np.full(count, np.nan, np.float32), None, choose(scores))


def _compared(model: "Model", embedding: Tensor, texts: Sequence[str]) -> Tensor:
    features = text_features(model, texts)
    return model.family.contrast.similarity(model.module, embedding[None].float(), features.float())[0]


def _matched(model: "Model", match: Match, image: Any, texts: Sequence[str]) -> Tensor:
    parts = [texts[start : start + MATCHED] for start in range(0, len(texts), MATCHED)]
    with model.lock, torch.inference_mode():
        return torch.cat([match(model.module, image, _on_device(model, part)) for part in parts])


def _on_device(model: "Model", texts: Sequence[str]) -> Captions:
    return {name: value.to(model.device) for name, value in caption_tokens(model.blueprint, texts).items()}
