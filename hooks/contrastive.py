"""Reading an image-text model: vision once per image, every distinct caption encoded once and remembered."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import trace
from .collect import Request, by_image, image_reading
from .context import process_image, stack
from .reading import Answer, Question, Reading, View, choose

if TYPE_CHECKING:
    from .loading import Model

REMEMBERED = 4096
"""Distinct captions whose features are kept, so that memory does not grow with the number of samples."""


def read_batch(model: "Model", offset: int, views: Sequence[View], request: Request) -> list[Reading]:
    """Read one batch of views; options are scored as captions of the image, the question's own text is not used."""
    images = [process_image(model.blueprint, view.pixels) for view in views]
    groups: dict[tuple, list[int]] = {}
    for place, image in enumerate(images):
        groups.setdefault(tuple((name, value.shape[1:]) for name, value in image.items()), []).append(place)
    readings: dict[int, Reading] = {}
    for group in groups.values():
        mine = [images[place] for place in group]
        inputs = stack(model, mine)
        reads = trace.points(model, request.image_sites)
        output, states = trace.run(model, inputs, reads=reads, method="get_image_features")
        embedded = output.pooler_output
        for row, (place, own) in enumerate(zip(group, by_image(model, states, mine), strict=True)):
            reading = image_reading(model, request, offset + place, own, images[place], pooled=embedded[row])
            answers = tuple(_answer(model, embedded[row], question) for question in views[place].questions)
            readings[place] = replace(reading, answers=answers)
    return [readings[place] for place in range(len(views))]


def text_features(model: "Model", texts: Sequence[str]) -> Tensor:
    """The model's projected features of captions, not normalised: (text, feature).

    Each is computed alone, so that its bits do not depend on which captions came before.
    """
    new = [text for text in dict.fromkeys(texts) if text not in model.text_features]
    if len(model.text_features) + len(new) > REMEMBERED:
        model.text_features.clear()
        new = list(dict.fromkeys(texts))
    for text in new:
        tokens = model.processor.tokenizer([text], return_tensors="pt").to(model.device)
        output, _ = trace.run(model, dict(tokens), method="get_text_features")
        model.text_features[text] = output.pooler_output[0]
    return torch.stack([model.text_features[text] for text in texts])


def check_captions(model: "Model", captions: Sequence[str]) -> list[int]:
    """How many tokens each caption has; ValueError for one that is blank or longer than the text tower can take."""
    limit = model.config.text_config.max_position_embeddings
    for caption in captions:
        if not caption.strip():
            raise ValueError(f"option {caption!r} of {captions!r} tokenises to nothing. Give every option some text.")
    lengths = [len(model.processor.tokenizer(caption)["input_ids"]) for caption in captions]
    for caption, length in zip(captions, lengths, strict=True):
        if length > limit:
            raise ValueError(f"option {caption!r} has {length} tokens, the text tower takes {limit}. Shorten it.")
    return lengths


def _answer(model: "Model", embedded: Tensor, question: Question) -> Answer:
    count = len(question.options)
    if not count:
        return Answer(np.empty(0, np.float32), np.empty(0, np.int32), np.empty(0, np.float32))
    lengths = check_captions(model, question.options)
    features = text_features(model, question.options)
    logits = model.family.similarity(model.module, embedded[None].float(), features.float())[0]
    scores = logits.float().cpu().numpy()
    return Answer(scores, np.array(lengths, np.int32), np.full(count, np.nan, np.float32), None, choose(scores))
