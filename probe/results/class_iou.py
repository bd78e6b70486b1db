"""How well a segmentation model still sees each class under each condition."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import correlation, segmentation

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .segmentation import class_names, confusions
from .sentences import Number, Sentence, said, say
from .states import read


def compute(evidence: Evidence) -> xr.Dataset:
    """(segmenter, class, condition, bound) IoU over all images, and what it loses from clean."""
    models = list(evidence.run.segmentations)
    data = xr.concat([of_model(evidence, model) for model in models], xr.IndexVariable("segmenter", models))
    return data.assign(clean=data.estimate.sel(condition="clean", drop=True))


def of_model(evidence: Evidence, model: str) -> xr.Dataset:
    """(class, condition, ...) of one segmentation model."""
    matrices = confusions(evidence, model)
    drawn = correlation.resampled(segmentation.summed_iou, matrices, seed=evidence.seed)
    there = read(matrices.sel(condition="clean", drop=True).clip(min=0).sum(("image", "predicted")))
    drop = drawn.sel(condition="clean", drop=True) - drawn
    data = xr.Dataset({"iou": correlation.bounds(drawn), "drop": correlation.bounds(drop)}).rename(true="class")
    data = data.assign(estimate=data.iou.sel(bound="estimate", drop=True), pixels=("class", there.values))
    return data.assign_coords({"class": class_names(data.sizes["class"])}).transpose("class", ...)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Of each model, the class that it sees worst on clean pictures."""
    sentences: list[Sentence | None] = []
    for model in data.segmenter.values.tolist():
        # a class that is nowhere can only be called wrongly
        there = data.pixels.sel(segmenter=model) > 0
        clean = data.iou.sel(segmenter=model, condition="clean").where(there).transpose("class", "bound")
        if bool(clean.notnull().any()):
            worst = clean.isel({"class": int(np.nanargmin(clean.sel(bound="estimate").values))})
            text = "{segmenter} has its lowest IoU on clean pictures for {name}: {iou} %."
            iou = Number(worst, 1, 100)
            sentences.append(say(data, text, segmenter=str(model), name=str(worst["class"].item()), iou=iou))
    return said(*sentences)


def figure(data: xr.Dataset) -> "Chart | None":
    """IoU of each class under each condition."""
    from ..figures import grids

    there = data.iou.where(data.pixels > 0)
    return grids.chart(
        there,
        across="condition",
        up="class",
        panel="segmenter",
        legend="IoU [%]",
        about="IoU by class and condition.",
        scale=100,
    )


ANALYSIS = Analysis(
    name="class_iou",
    title="IoU by class",
    meaning="Over the summed confusion matrices of all images. Intervals are in --json and --csv.",
    needs=("segmentations",),
    compute=compute,
    columns=(Column("estimate", "{segmenter} {condition}", unit="%", digits=1, scale=100),),
    finding=finding,
    figure=figure,
    rows="class",
    on_request=True,
)
