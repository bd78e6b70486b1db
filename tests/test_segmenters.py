"""Segmentation models of transformers: their confusions are those of a plain script."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from tiny import segmenters

from probe import perturbations
from probe.datasets.registry import open_dataset
from probe.segmentation import segment

CPU = {"device": "cpu"}


@pytest.mark.parametrize("name", list(segmenters.SEGMENTERS))
def test_confusions_are_those_of_a_plain_script(name: str, tmp_path: Path) -> None:
    folder = segmenters.checkpoint(name)
    run = segment(folder, "streets", out=tmp_path / "run", limit=2, perturb="low_light:2", **CPU)
    pictures = open_dataset("streets", limit=2).dataset.pictures
    low_light = perturbations.parse(["low_light:2"])[1]
    for condition in ("clean", "low_light:2"):
        shown = [picture.read() for picture in pictures]
        if condition != "clean":
            ids = [picture.id for picture in pictures]
            shown = [perturbations.apply(low_light, p, image_id=i, seed=0) for p, i in zip(shown, ids, strict=True)]
        maps = segmenters.plain_maps(folder, shown, shown[0].shape[:2])
        assert len(np.unique(np.stack(maps))) > 1
        for picture, found in zip(pictures, maps, strict=True):
            labels = picture.read_labels()
            counted = labels != 255
            expected = confusion_matrix(labels[counted], found[counted], labels=range(19))
            stored = run.segmentation(f"segmenter-{name}").confusion.sel(image=picture.id, condition=condition)
            np.testing.assert_array_equal(stored, expected)


def test_a_batch_gives_what_single_pictures_give(tmp_path: Path) -> None:
    folder = segmenters.checkpoint("segformer")
    settings = {"limit": 5, "perturb": "low_light:2", **CPU}
    one = segment(folder, "streets", out=tmp_path / "one", **settings).segmentation("segmenter-segformer").confusion
    few = segment(folder, "streets", out=tmp_path / "few", batch_size=3, **settings)
    moved = abs(few.segmentation("segmenter-segformer").confusion - one).sum(("true", "predicted"))
    assert int(moved.max()) <= 0.001 * 224 * 224  # float32 rounds otherwise in batches
    assert int(one.sum()) > 0
