"""Reading an image-text model: vision once per image, every distinct caption encoded once and remembered.

Where the text tower looks at the image itself, captions are encoded once for each image.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from . import trace
from .collect import Request, by_image, image_states
from .continuation import seen_rows
from .encoding import process_image, stack
from .families.contrast import Captions, Match
from .reading import Answer, Question, Reading, View, choose

if TYPE_CHECKING:
    from .model import Blueprint, Model

REMEMBERED = 4096
"""Distinct captions whose features are kept, so that memory does not grow with the number of samples."""

MATCHED = 32
"""Captions that look at an image together: each holds a copy of the image's tokens."""


def read_batch(model: "Model", offset: int, views: Sequence[View], request: Request) -> list[Reading]:
    """Read one batch of views; options are scored as captions of the image, the question's own text is not used.

    Raises ValueError for a view without an image.
    """
    contrast = model.family.contrast
    images = [_image(model, view) for view in views]
    groups: dict[tuple, list[int]] = {}
    for place, image in enumerate(images):
        groups.setdefault(tuple((name, value.shape[1:]) for name, value in image.items()), []).append(place)
    readings: dict[int, Reading] = {}
    for group in groups.values():
        mine = [images[place] for place in group]
        inputs = stack(model, mine)
        reads = trace.points(model, request.image_sites)
        output, states = trace.run(model, inputs, reads=reads, method=contrast.see)
        embedded = contrast.embedding(model.module, output)
        for row, (place, own) in enumerate(zip(group, by_image(model, states, mine), strict=True)):
            of_image = image_states(model, request, offset + place, own, images[place], pooled=embedded[row])
            seen = None if contrast.match is None else seen_rows(output, row)
            answers = tuple(_answer(model, seen, embedded[row], question) for question in views[place].questions)
            readings[place] = Reading(of_image, answers)
    return [readings[place] for place in range(len(views))]


def caption_tokens(blueprint: "Blueprint", texts: Sequence[str]) -> Captions:
    """The processor's encoding of captions, padded as the family was trained, else to the longest of them."""
    contrast = blueprint.family.contrast
    longest = {"padding": "max_length", "max_length": contrast.longest(blueprint.config)}
    settings = longest if contrast.padded else {"padding": True}
    return dict(blueprint.processor(text=[contrast.caption(text) for text in texts], return_tensors="pt", **settings))


def text_features(model: "Model", texts: Sequence[str]) -> Tensor:
    """The model's projected features of captions, not normalised: (text, feature).

    Each is computed alone, so that its bits do not depend on which captions came before.
    """
    new = [text for text in dict.fromkeys(texts) if text not in model.text_features]
    if len(model.text_features) + len(new) > REMEMBERED:
        model.text_features.clear()
        new = list(dict.fromkeys(texts))
    for text in new:
        output, _ = trace.run(model, _on_device(model, [text]), method="get_text_features")
        model.text_features[text] = output.pooler_output[0]
    return torch.stack([model.text_features[text] for text in texts])


def check_captions(model: "Model", captions: Sequence[str]) -> list[int]:
    """How many tokens each caption has; ValueError for one that is blank or longer than the text tower can take."""
    contrast = model.family.contrast
    limit = contrast.longest(model.config)
    for caption in captions:
        if not caption.strip():
            raise ValueError(f"option {caption!r} of {captions!r} tokenises to nothing. Give every option some text.")
    lengths = [len(model.processor.tokenizer(contrast.caption(caption))["input_ids"]) for caption in captions]
    for caption, length in zip(captions, lengths, strict=True):
        if length > limit:
            raise ValueError(f"option {caption!r} has {length} tokens, the text tower takes {limit}. Shorten it.")
    return lengths


def _image(model: "Model", view: View) -> dict[str, Tensor]:
    if view.pixels is None:
        raise ValueError(f"family {model.family.name!r} cannot be asked without an image. Give it pixels.")
    return process_image(model.blueprint, view.pixels)


def _answer(model: "Model", seen: Any, embedded: Tensor, question: Question) -> Answer:
    """Score captions of one image, of which `embedded` (feature) is the vector and `seen` what captions look at."""
    count = len(question.options)
    if not count:
        return Answer(np.empty(0, np.float32), np.empty(0, np.int32), np.empty(0, np.float32))
    lengths = check_captions(model, question.options)
    if model.family.contrast.match is None:
        logits = _compared(model, embedded, question.options)
    else:
        logits = _matched(model, model.family.contrast.match, seen, question.options)
    scores = logits.float().cpu().numpy()
    return Answer(scores, np.array(lengths, np.int32), np.full(count, np.nan, np.float32), None, choose(scores))


def _compared(model: "Model", embedded: Tensor, texts: Sequence[str]) -> Tensor:
    features = text_features(model, texts)
    return model.family.contrast.similarity(model.module, embedded[None].float(), features.float())[0]


def _matched(model: "Model", match: Match, seen: Any, texts: Sequence[str]) -> Tensor:
    parts = [texts[start : start + MATCHED] for start in range(0, len(texts), MATCHED)]
    with model.lock, torch.inference_mode():
        return torch.cat([match(model.module, seen, _on_device(model, some)) for some in parts])


def _on_device(model: "Model", texts: Sequence[str]) -> Captions:
    return {name: value.to(model.device) for name, value in caption_tokens(model.blueprint, texts).items()}
