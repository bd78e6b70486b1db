"""Measures finished checkpoints on held-out scenes and writes their cards."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from probe.sample import Dataset, Pixels

from . import evaluate
from .cards import Card
from .evaluate import Choices, Loaded
from .streets import EVALUATION_SEED

SCENES = 500
PERTURBED = 100
"""At most so many of them are also looked at under severe conditions and without the picture."""

_KINDS = {
    "mcq": "multiple choice (chance 0.25)",
    "yesno": "presence, yes or no (chance 0.5)",
    "safety": "safety (chance 0.5)",
}

Tables = dict[str, dict[str, str]]


def write_cards(folder: Path, names: tuple[str, ...], *, scenes: int = SCENES) -> None:
    """Measure the named checkpoints in `folder` and write each one's README.md."""
    dataset, describe, pixels, labels = evaluate.evaluation_set(scenes)
    for name in names:
        if name == "pocket-clip":
            tables = _clip(folder / name, pixels, labels)
        elif name == "pocket-segformer":
            tables = _segformer(folder / name, dataset, pixels, labels)
        else:
            tables = _vlm(folder / name, dataset, describe, pixels, labels)
        Card(name, scenes, EVALUATION_SEED, tables).write(folder / name)


def _clip(folder: Path, pixels: list[Pixels], labels: list[NDArray[np.uint8]]) -> Tables:
    by_class = evaluate.class_precision(folder, pixels, labels)
    mean = {"mean": f"{np.nanmean(list(by_class.values())):.3f}"}
    rows = mean | {word: f"{value:.3f}" for word, value in by_class.items()}
    return {"average precision of “a photo of a street with a …”": rows}


def _segformer(folder: Path, dataset: Dataset, pixels: list[Pixels], labels: list[NDArray[np.uint8]]) -> Tables:
    by_class = evaluate.overlaps(folder, pixels, labels)
    mean = {"clean": f"{np.nanmean(list(by_class.values())):.3f}"}
    fewer = dataset.head(PERTURBED)
    for condition in evaluate.SEVERE:
        hurt = evaluate.severe(fewer, pixels[:PERTURBED], condition)
        perturbed = evaluate.overlaps(folder, hurt, labels[:PERTURBED])
        mean[f"{condition}, {len(hurt)} scenes"] = f"{np.nanmean(list(perturbed.values())):.3f}"
    classes = {word: f"{value:.3f}" for word, value in by_class.items()}
    return {"mean intersection over union": mean, "by class, clean": classes}


def _vlm(
    folder: Path, dataset: Dataset, describe: Dataset, pixels: list[Pixels], labels: list[NDArray[np.uint8]]
) -> Tables:
    loaded = Loaded.from_folder(folder)
    clean = evaluate.choices(loaded, dataset, pixels)
    recalled, invented = evaluate.mentions(labels, evaluate.descriptions(loaded, describe, pixels))
    fewer, seen = dataset.head(PERTURBED), pixels[:PERTURBED]
    white = [np.full_like(picture, 255) for picture in seen]
    descriptions = {
        "visible classes that are mentioned": str(recalled),
        "mentioned classes that are not there": str(invented),
    }
    tables = {
        "accuracy on clean scenes": _accuracies(dataset, clean)
        | {"presence questions answered yes (right: 0.5)": str(evaluate.yes_share(dataset, clean))},
        "descriptions of clean scenes": descriptions,
        "accuracy without the picture: a white one": _accuracies(fewer, evaluate.choices(loaded, fewer, white)),
        "accuracy without the picture: text alone": _accuracies(fewer, evaluate.choices(loaded, fewer, None)),
    }
    for condition in evaluate.SEVERE:
        perturbed = evaluate.choices(loaded, fewer, evaluate.severe(fewer, seen, condition))
        tables[f"choices that flip under {condition}"] = {
            text: str(evaluate.flips(fewer, clean, perturbed, kind)) for kind, text in _KINDS.items()
        }
    return tables


def _accuracies(dataset: Dataset, chosen: Choices) -> dict[str, str]:
    return {text: str(evaluate.accuracy(dataset, chosen, kind)) for kind, text in _KINDS.items()}
