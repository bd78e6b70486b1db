"""What the finished checkpoints can do on scenes that no training saw, read back from disk as anybody would."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import (
    AutoProcessor,
    CLIPModel,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    SegformerForSemanticSegmentation,
    SegformerImageProcessorPil,
)

from probe.perturbations.condition import generator
from probe.perturbations.driving import low_light, motion_blur, occlusion
from probe.prompts import render
from probe.sample import Dataset, Pixels, Sample

from . import captions, world
from .classes import ASKED, WORDS
from .figures import Figure, precision, share
from .packing import Packer, Reader
from .streets import streets, streets_describe

BATCH = 20

SEVERE: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "motion_blur.horizontal:3": partial(motion_blur, size=25),
    "low_light:3": partial(low_light, gamma=3.0, sigma=0.06),
    "occlusion:3": partial(occlusion, fraction=0.25),
}
"""The driving suite at its highest severity."""

Choices = dict[str, str]
"""The chosen option of every sample, by sample id."""


@dataclass(frozen=True)
class Loaded:
    """A language model with its processor, in float32."""

    model: LlavaForConditionalGeneration
    processor: LlavaProcessor
    packer: Packer

    @classmethod
    def from_folder(cls, folder: Path) -> "Loaded":
        """Read a checkpoint back."""
        model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        processor = LlavaProcessor.from_pretrained(folder)
        return cls(model, processor, Packer(processor.tokenizer.backend_tokenizer))


@torch.inference_mode()
def choices(loaded: Loaded, dataset: Dataset, pixels: list[Pixels] | None) -> Choices:
    """The most likely option of every sample, its answer tokens' log-likelihoods summed; no picture where None."""
    reader, chosen = Reader(loaded.model), {}
    grouped: dict[str, list[Sample]] = {image.id: [] for image in dataset.images}
    for sample in dataset.samples:
        grouped[sample.image_id].append(sample)
    for start in range(0, len(dataset.images), BATCH):
        asked = [grouped[image.id] for image in dataset.images[start : start + BATCH]]
        rows = [
            [loaded.packer.segment(render(s), option, ends=False) for s in samples for option in s.options]
            for samples in asked
        ]
        patches = None
        if pixels is not None:
            inputs = loaded.processor.image_processor(pixels[start : start + BATCH], return_tensors="pt")
            patches = reader.patches(inputs["pixel_values"])
        packed = loaded.packer.pack(rows, pictures=patches is not None)
        scores = reader.segments(patches, packed, max(map(len, rows))).tolist()
        for samples, row in zip(asked, scores, strict=True):
            left = iter(row)
            for sample in samples:
                options = [(next(left), option) for option in sample.options]
                chosen[sample.id] = max(options)[1]
    return chosen


def accuracy(dataset: Dataset, chosen: Choices, kind: str) -> Figure:
    """The share of samples of one kind whose chosen option is the right one."""
    return _by_image(dataset, kind, lambda sample: chosen[sample.id] == sample.answer)


def yes_share(dataset: Dataset, chosen: Choices) -> Figure:
    """The share of presence questions answered yes; half is right."""
    return _by_image(dataset, "yesno", lambda sample: chosen[sample.id] == "yes")


def flips(dataset: Dataset, clean: Choices, other: Choices, kind: str) -> Figure:
    """The share of samples of one kind whose choice differs from the clean one."""
    return _by_image(dataset, kind, lambda sample: clean[sample.id] != other[sample.id])


def _by_image(dataset: Dataset, kind: str, hit: Callable[[Sample], bool]) -> Figure:
    place = {image.id: number for number, image in enumerate(dataset.images)}
    hits, counts = np.zeros(len(place)), np.zeros(len(place))
    for sample in dataset.samples:
        if sample.kind == kind:
            hits[place[sample.image_id]] += hit(sample)
            counts[place[sample.image_id]] += 1
    return share(hits, counts)


@torch.inference_mode()
def descriptions(loaded: Loaded, dataset: Dataset, pixels: list[Pixels]) -> list[str]:
    """The greedy description of every picture."""
    question = render(dataset.samples[0])
    chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    text, descriptions = loaded.processor.apply_chat_template(chat, add_generation_prompt=True), []
    for start in range(0, len(pixels), BATCH):
        batch = pixels[start : start + BATCH]
        inputs = loaded.processor(images=batch, text=[text] * len(batch), return_tensors="pt", padding=True)  # pyright: ignore[reportCallIssue]
        tokens = loaded.model.generate(**inputs, max_new_tokens=64, do_sample=False)  # pyright: ignore[reportAttributeAccessIssue]
        descriptions += loaded.processor.batch_decode(
            tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
    return descriptions


def mentioned(text: str) -> frozenset[str]:
    """The words of the world's classes that a text names, in singular or plural."""
    return frozenset(word for word in WORDS if re.search(rf"\b{word}s?\b", text))


def mentions(labels: list[NDArray[np.uint8]], descriptions: list[str]) -> tuple[Figure, Figure]:
    """(share of clearly visible classes that are mentioned, share of mentioned classes without a single pixel)."""
    named = [mentioned(text) for text in descriptions]
    visible = [world.present(label) - {"pole"} for label in labels]
    gone = [world.absent(label) for label in labels]
    recalled = [len(here & said) for here, said in zip(visible, named, strict=True)]
    invented = [len(said & missing) for said, missing in zip(named, gone, strict=True)]
    return share(recalled, [len(here) for here in visible]), share(invented, [len(said) for said in named])


@torch.inference_mode()
def class_precision(folder: Path, pixels: list[Pixels], labels: list[NDArray[np.uint8]]) -> dict[str, float]:
    """pocket-clip's average precision, in [0, 1], of finding the scenes that show each class by one line of text.

    Scenes where a class is neither clearly visible nor wholly absent do not count for it.
    """
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(folder)
    texts = [captions.of_class(word)[0] for word in ASKED]
    parts = []
    for start in range(0, len(pixels), BATCH):
        inputs = processor(images=pixels[start : start + BATCH], text=texts, return_tensors="pt", padding=True)
        parts.append(model(**inputs).logits_per_image.numpy())
    scores = np.concatenate(parts)
    here = np.array([[word in world.present(label) for word in ASKED] for label in labels])
    gone = np.array([[word in world.absent(label) for word in ASKED] for label in labels])
    sure = here | gone
    return {word: precision(scores[sure[:, c], c], here[sure[:, c], c]) for c, word in enumerate(ASKED)}


@torch.inference_mode()
def overlaps(folder: Path, pixels: list[Pixels], labels: list[NDArray[np.uint8]]) -> dict[str, float]:
    """pocket-segformer's intersection over union, in [0, 1], of each class of the world over all scenes together."""
    model = SegformerForSemanticSegmentation.from_pretrained(folder, dtype=torch.float32).eval()
    processor = SegformerImageProcessorPil.from_pretrained(folder)
    confusion = np.zeros((256, 256), np.int64)
    for start in range(0, len(pixels), BATCH):
        inputs = processor(pixels[start : start + BATCH], return_tensors="pt")
        logits = functional.interpolate(model(**inputs).logits, size=labels[start].shape, mode="bilinear")
        for guess, label in zip(logits.argmax(1).numpy(), labels[start : start + BATCH], strict=True):
            pairs = label.astype(np.int64) * 256 + guess
            confusion += np.bincount(pairs.ravel(), minlength=256 * 256).reshape(256, 256)
    both, union = np.diag(confusion), confusion.sum(0) + confusion.sum(1) - np.diag(confusion)
    return {word: float(both[label] / union[label]) for word, label in WORDS.items()}


def severe(dataset: Dataset, pixels: list[Pixels], condition: str) -> list[Pixels]:
    """The same pictures under one severe condition."""
    return [
        SEVERE[condition](picture, generator(0, image.id, condition))
        for image, picture in zip(dataset.images, pixels, strict=True)
    ]


def evaluation_set(count: int) -> tuple[Dataset, Dataset, list[Pixels], list[NDArray[np.uint8]]]:
    """`streets`, `streets-describe`, and the pixels and label maps of their scenes."""
    dataset = streets(count)
    labels = [picture.read_labels() for picture in dataset.pictures if picture.read_labels is not None]
    return dataset, streets_describe(count), [picture.read() for picture in dataset.pictures], labels
