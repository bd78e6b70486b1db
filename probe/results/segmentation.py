"""How well a segmentation model still sees, and whether what the language says goes down with it."""

import numpy as np
import xarray as xr

from analyses import correlation, segmentation, statistics

from . import misalignment
from .evidence import Evidence
from .result import Result, estimate

QUALITIES = {
    "miou": segmentation.summed_miou,
    "pixel_accuracy": segmentation.summed_pixel_accuracy,
}


def compute(evidence: Evidence) -> Result | None:
    """IoU per condition, its drop, and correlations with HR, COR and SMR; None for a run without segmentations."""
    models = [spec["slug"] for spec in evidence.run.record["layout"]["segmentations"]]
    if not models:
        return None
    data = xr.concat([of_model(evidence, model) for model in models], xr.IndexVariable("segmenter", models))
    first = data.isel(segmenter=0)
    rows = tuple(
        {
            "condition": name,
            "mIoU %": estimate(first.miou.sel(condition=name), 1, 100),
            "drop, points": estimate(first.miou_drop.sel(condition=name), 1, 100),
            "pixel accuracy %": estimate(first.pixel_accuracy.sel(condition=name), 1, 100),
        }
        for name in data.condition.values.tolist()
    )
    meaning = "Over the summed confusion matrices of all images; classes absent from both sides are left out."
    return Result("segmentation", f"Segmentation by {models[0]}", data, rows, meaning, findings(first))


def of_model(evidence: Evidence, model: str) -> xr.Dataset:
    """(condition, ...) of one segmentation model, with its correlations where the run has answers to correlate."""
    confusion = evidence.run.segmentation(model).confusion.load()
    parts: dict[str, xr.DataArray] = {}
    drops: dict[str, xr.Dataset] = {}
    for name, statistic in QUALITIES.items():
        drawn = correlation.redrawn(statistic, confusion, seed=evidence.seed)
        drops[name] = drawn.sel(condition="clean", drop=True) - drawn
        parts[name], parts[f"{name}_drop"] = correlation.bounds(drawn), correlation.bounds(drops[name])
    by_class = correlation.redrawn(segmentation.summed_iou, confusion, seed=evidence.seed)
    parts["iou"] = correlation.bounds(by_class).rename(true="class")
    names = segmentation.CITYSCAPES
    labels = names if parts["iou"].sizes["class"] == len(names) else range(parts["iou"].sizes["class"])
    data = xr.Dataset(parts).assign_coords({"class": list(labels)})
    return data.merge(correlations(evidence, drops["miou"]))


def correlations(evidence: Evidence, drop: xr.Dataset) -> xr.Dataset:
    """Across conditions: the drop of mIoU with the increase of HR, COR and SMR, images drawn again together."""
    found = misalignment.descriptions(evidence) | misalignment.verdicts(evidence)
    measures: dict[str, xr.Dataset] = {}
    for name in misalignment.HEADINGS:
        if name in found:
            kept = found[name].sel(condition=drop.condition.values)
            images = correlation.by_image(kept).reindex(image=evidence.run.images.image.values)
            drawn = correlation.redrawn(statistics.mean, images, seed=evidence.seed)
            measures[name] = drawn - drawn.sel(condition="clean", drop=True)
    if not measures:
        return xr.Dataset()
    table = correlation.table({"miou_drop": drop}, measures, seed=evidence.seed)
    return table.squeeze("quality", drop=True).rename(n="pairs", undefined="pairs_undefined")


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """The condition that costs most, and whether misalignment follows it."""
    drop = data.miou_drop
    if not np.isfinite(drop.sel(bound="estimate")).any():
        return ()
    worst = drop.isel(condition=int(drop.sel(bound="estimate").argmax("condition", skipna=True)))
    told = [f"Segmentation loses most under {worst.condition.item()}: {estimate(worst, 1, 100)} points of mIoU."]
    for name in data.measure.values.tolist() if "pearson" in data else ():
        r = data.pearson.sel(measure=name)
        if np.isfinite(r.sel(bound="estimate")):
            heading = misalignment.HEADINGS[name].removesuffix(" %")
            told.append(f"Across conditions {heading} and the drop of mIoU correlate with r = {estimate(r, 2)}.")
    return tuple(told)
