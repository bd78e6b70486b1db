"""Segmentation under the driving suite by a published model: ESPNetv2 with its authors' weights, on real street scenes.

    python benchmarks/published_segmentation.py EdgeNets OUT pix2pixHD/datasets/cityscapes ESPNet/test/data

Nothing is downloaded. The arguments are checkouts of sacmehta/EdgeNets (2b232d3f; code and weights), NVIDIA/pix2pixHD
(14b3b3c7; eight pictures of Cityscapes with label maps, and further label maps) and sacmehta/ESPNet (afe71c38; the
picture of one of these). Pictures and label maps pair up by name, wherever they lie in the folders given.

OUT/predictions gets a label map in train ids per condition and picture, at the picture's size; OUT/cityscapes the
pictures and their labels as `cityscapes:OUT/cityscapes` reads them, all in `val`. mIoU and IoU come from
`analyses.segmentation`, and again from a count in numpy that shares no code with it.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from PIL import Image

from analyses import segmentation, statistics
from analyses.kernels import overlap
from analyses.statistics import Statistic
from probe.datasets.cityscapes import LABELS, PICTURE, TABLE
from probe.datasets.pixels import read_rgb
from probe.perturbations import Condition, apply, parse

Pixels = NDArray[np.uint8]
Segment = Callable[[Pixels], Pixels]
"""A picture (height, width, 3) -> the train id of each of its pixels."""

SUITE, SEED = "driving", 0

MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OUTPUTS = 20
"""The 19 classes and a background that the training's labels never hold."""

LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The labelIds of the train ids 0 to 18, for the count in numpy."""


def load(checkout: Path, scale: float, size: tuple[int, int]) -> Segment:
    """The model in a checkout at a scale and an input size (width, height), as the authors' test script runs it.

    Bilinear resizing, the mean and deviation of ImageNet, the most likely class, and that map resized to the picture.
    """
    sys.path.insert(0, str(checkout))
    classes = import_module("model.segmentation.espnetv2")
    settings = SimpleNamespace(s=scale, channels=3, num_classes=1000)
    network = classes.ESPNetv2Segmentation(settings, classes=OUTPUTS, dataset="city").eval()
    name = f"espnetv2_s_{scale}_city_{size[0]}x{size[1]}.pth"
    weights = checkout / "model" / "segmentation" / "model_zoo" / "espnetv2" / name
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))

    def segment(pixels: Pixels) -> Pixels:
        resized = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
        values = (np.asarray(resized, np.float32) / 255 - np.array(MEAN, np.float32)) / np.array(SD, np.float32)
        with torch.inference_mode():
            scores = network(torch.from_numpy(values.transpose(2, 0, 1))[None])[0]
        classes = Image.fromarray(scores.argmax(0).numpy().astype(np.uint8))
        return np.asarray(classes.resize(pixels.shape[1::-1], Image.Resampling.NEAREST))

    return segment


def scenes(folders: Sequence[Path], out: Path) -> list[str]:
    """The names of pictures that have a label map, after copying both to where the dataset expects them."""
    found: list[dict[str, Path]] = []
    for ending in (PICTURE, LABELS):
        paths = sorted(path for folder in folders for path in folder.rglob(f"*{ending}"))
        found.append({path.name.removesuffix(ending): path for path in paths})
    names = sorted(found[0].keys() & found[1].keys())
    if not names:
        raise SystemExit(f"No *{PICTURE} with a *{LABELS} of its name in {', '.join(map(str, folders))}.")
    for name in names:
        for of_name, path in zip(found, files(out, name), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(of_name[name], path)
    return names


def files(out: Path, name: str) -> tuple[Path, Path]:
    """The picture and the label map of a scene, all of them in the split `val` here."""
    city = name.split("_")[0]
    folders = (out / "cityscapes" / kind / "val" / city for kind in ("leftImg8bit", "gtFine"))
    picture, labels = (folder / f"{name}{ending}" for folder, ending in zip(folders, (PICTURE, LABELS), strict=True))
    return picture, labels


def predicted(out: Path, condition: Condition, name: str) -> Path:
    """Where the label map of a scene under a condition goes, and `probe segment --predictions` reads it."""
    return out / "predictions" / condition.id.replace(":", "_") / f"{name}.png"


def write(out: Path, names: Iterable[str], conditions: Sequence[Condition], segment: Segment) -> None:
    """Segment every scene under every condition, perturbed as a run with this seed perturbs it."""
    for name in names:
        pixels = read_rgb(files(out, name)[0])
        for condition in conditions:
            path = predicted(out, condition, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(segment(apply(condition, pixels, image_id=name, seed=SEED))).save(path)


def confusions(out: Path, names: Sequence[str], conditions: Sequence[Condition]) -> xr.DataArray:
    """(image, condition, true, predicted) pixels, by our analyses, from the files."""
    rows = [
        [
            segmentation.confusion(
                TABLE.train_ids(str(files(out, name)[1])),
                np.array(Image.open(predicted(out, condition, name))),
            )
            for condition in conditions
        ]
        for name in names
    ]
    labels = {"image": list(names), "condition": [condition.id for condition in conditions]}
    classes = {axis: list(segmentation.CITYSCAPES) for axis in segmentation.MATRIX}
    return xr.DataArray(np.array(rows), coords={**labels, **classes}, dims=("image", "condition", *segmentation.MATRIX))


def counted(out: Path, names: Sequence[str], condition: Condition) -> NDArray[np.float64]:
    """IoU (class) under a condition, of the same files in numpy alone; nan where a class is nowhere."""
    both, either = np.zeros((2, len(LABEL_IDS)))
    for name in names:
        true, guess = (np.array(Image.open(path)) for path in (files(out, name)[1], predicted(out, condition, name)))
        valid = np.isin(true, LABEL_IDS)
        for train_id, label_id in enumerate(LABEL_IDS):
            is_true, is_guess = true == label_id, (guess == train_id) & valid
            both[train_id] += (is_true & is_guess).sum()
            either[train_id] += (is_true | is_guess).sum()
    return both / np.where(either > 0, either, np.nan)


def quality(kept: NDArray[np.bool_]) -> Statistic:
    """mIoU over the classes `kept`, of summed matrices (image, condition, true, predicted)."""
    whole = segmentation.summed_iou
    return Statistic("quality", whole.moments, lambda sums: overlap.mean_over_classes(whole.value(sums)[..., kept]))


def lost(kept: NDArray[np.bool_]) -> Statistic:
    """ΔQ of every condition against the first, over the classes `kept`."""
    whole = quality(kept)

    def value(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        found = whole.value(sums)
        return found[..., :1] - found

    return Statistic("drop", whole.moments, value)


def show_quality(pixels: xr.DataArray, kept: NDArray[np.bool_]) -> None:
    """Print mIoU over the classes `kept` and its drop, per condition, with intervals by image."""
    defined = segmentation.iou(segmentation.total(pixels)).values[:, kept]
    bounds = [statistics.bootstrap(one(kept), pixels.values, cluster=pixels["image"].values) for one in (quality, lost)]
    print("| condition | mIoU | 95 % | drop | 95 % | classes |\n| --- | --- | --- | --- | --- | --- |")
    for row, condition in enumerate(pixels["condition"].values):
        cells = (f"{one[row]:.4f} | {low[row]:.3f} to {high[row]:.3f}" for one, low, high in bounds)
        print(f"| {condition} | {' | '.join(cells)} | {np.isfinite(defined[row]).sum()} |")


def show_classes(pixels: xr.DataArray) -> None:
    """Print the pixels of each class, its IoU and the pixel accuracy, per condition."""
    summed = segmentation.total(pixels)
    each, there = segmentation.iou(summed), summed.isel(condition=0).sum("predicted").values
    print("| class | pixels | " + " | ".join(pixels["condition"].values) + " |")
    print("| --- | --- " + "| --- " * pixels.sizes["condition"] + "|")
    for name, count, row in zip(each["class"].values, there, each.values.T, strict=True):
        print(f"| {name} | {count} | " + " | ".join("–" if np.isnan(one) else f"{one:.3f}" for one in row) + " |")
    accuracy = (f"{one:.3f}" for one in segmentation.pixel_accuracy(summed).values)
    print(f"| pixel accuracy | {there.sum()} | " + " | ".join(accuracy) + " |")


def main() -> None:
    """Read the command line, write the label maps and print what they score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="a checkout of EdgeNets")
    parser.add_argument("out", type=Path, help="the folder to write to")
    parser.add_argument("scenes", type=Path, nargs="+", help="folders with pictures and label maps of Cityscapes")
    parser.add_argument("--scale", type=float, default=2.0, help="which of the models: 0.5, 1.0, 1.5 or 2.0")
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 512), help="width and height of the input")
    given = parser.parse_args()
    names, conditions = scenes(given.scenes, given.out), parse([SUITE])
    write(given.out, names, conditions, load(given.checkout, given.scale, tuple(given.size)))
    pixels = confusions(given.out, names, conditions)
    there = pixels.sum(("image", "condition", "predicted")).values > 0
    print(f"{len(names)} scenes: {', '.join(names)}\n\nClasses that are there or predicted:\n")
    show_quality(pixels, np.full(len(LABEL_IDS), True))
    print("\nClasses that are there:\n")
    show_quality(pixels, there)
    print("\nIoU:\n")
    show_classes(pixels)
    ours = segmentation.iou(segmentation.total(pixels)).values
    again = np.array([counted(given.out, names, condition) for condition in conditions])
    apart = ~np.isclose(ours, again, rtol=0, atol=1e-12, equal_nan=True)
    print(f"\nCounted in numpy: {apart.sum()} of {apart.size} IoU differ; mIoU", *np.nanmean(again, axis=1).round(4))


if __name__ == "__main__":
    main()
