"""How well a segmentation model still sees, and whether what the language model answers degrades with it."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import correlation, segmentation, statistics

from . import misalignment, scene_answers
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say
from .states import read

QUALITIES = {
    "miou": segmentation.summed_miou,
    "pixel_accuracy": segmentation.summed_pixel_accuracy,
}


def compute(evidence: Evidence) -> xr.Dataset:
    """(segmenter, condition, bound) mIoU, pixel accuracy, IoU by class, their drops; correlations with HR, COR, SMR."""
    models = list(evidence.run.segmentations)
    data = xr.concat([of_model(evidence, model) for model in models], xr.IndexVariable("segmenter", models))
    return data.assign_attrs(segmenter=models[0])


def of_model(evidence: Evidence, model: str) -> xr.Dataset:
    """(condition, ...) of one segmentation model, with its correlations where the run has answers to correlate."""
    confusion = confusions(evidence, model)
    parts: dict[str, xr.DataArray] = {}
    drops: dict[str, xr.Dataset] = {}
    for name, statistic in QUALITIES.items():
        drawn = correlation.resampled(statistic, confusion, seed=evidence.seed)
        drops[name] = drawn.sel(condition="clean", drop=True) - drawn
        parts[name], parts[f"{name}_drop"] = correlation.bounds(drawn), correlation.bounds(drops[name])
    lead = statistics.leads(perturbed(evidence, drops["miou"]), "condition")
    for side in statistics.SIDES:  # nan for clean and the controls, which are not compared
        parts[f"miou_drop_{side}"] = lead[side].reset_coords(drop=True).reindex(condition=confusion.condition.values)
    named = np.isin(confusion.condition.values, lead.condition.values)
    parts["is_perturbation"] = xr.DataArray(named, coords={"condition": confusion.condition.values})
    by_class = correlation.resampled(segmentation.summed_iou, confusion, seed=evidence.seed)
    parts["iou"] = correlation.bounds(by_class).rename(true="class")
    parts["classes"] = parts["iou"].sel(bound="estimate", drop=True).notnull().sum("class")
    parts["iou_drop"] = correlation.bounds(by_class.sel(condition="clean", drop=True) - by_class).rename(true="class")
    data = xr.Dataset(parts).assign_coords({"class": class_names(parts["iou"].sizes["class"])})
    return data.merge(correlations(evidence, drops["miou"]))


def confusions(evidence: Evidence, model: str) -> xr.DataArray:
    """(image, condition, true, predicted) pixels, lazily; a last column where any is given none of the classes."""
    stored = evidence.run.segmentation(model)
    if "unassigned" not in stored or not bool(read((stored.unassigned > 0).any())):
        return stored.confusion
    return segmentation.with_unassigned(stored.confusion, stored.unassigned)


def class_names(count: int) -> list[str | int]:
    """The names of the 19 classes of Cityscapes, or the numbers of other classes."""
    names = segmentation.CITYSCAPES
    return list(names) if count == len(names) else list(range(count))


def correlations(evidence: Evidence, drop: xr.Dataset) -> xr.Dataset:
    """Across conditions: the drop of mIoU with the increase of HR, COR and SMR, conditions and images drawn again.

    Over the perturbations alone: clean has no drop, and controls such as a white picture would decide alone.
    """
    if not evidence.asks:
        return xr.Dataset()
    drop = perturbed(evidence, drop)
    found = scene_answers.descriptions(evidence) | scene_answers.verdicts(evidence)
    measures: dict[str, xr.Dataset] = {}
    for name in misalignment.ACRONYMS:
        if name in found:
            kept = found[name].sel(condition=["clean", *drop.condition.values])
            images = correlation.by_image(kept).reindex(image=evidence.run.images.image.values)
            drawn = correlation.resampled(statistics.mean, images, seed=evidence.seed)
            measures[name] = perturbed(evidence, drawn - drawn.sel(condition="clean", drop=True))
    if not measures or not drop.sizes["condition"]:
        return xr.Dataset()
    table = correlation.table({"miou_drop": drop}, measures, seed=evidence.seed)
    return table.squeeze("quality", drop=True).rename(n="pairs", undefined="pairs_undefined")


def perturbed(evidence: Evidence, numbers: xr.Dataset) -> xr.Dataset:
    """The numbers under perturbations, without clean and the controls."""
    family = evidence.run.conditions.family
    perturbations = family.condition.values[family.isin(evidence.unions[statistics.ALL]).values]
    return numbers.isel(condition=np.flatnonzero(np.isin(numbers.condition.values, perturbations)))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """The condition that costs most, and whether misalignment follows it."""
    first = data.isel(segmenter=0)
    worst = highest(first.isel(condition=np.flatnonzero(first.is_perturbation)), "miou_drop", "condition")
    sentences: list[Sentence | None] = []
    if worst is not None:
        sentences.append(
            say(
                data,
                "{segmenter} {loses} under {condition}: {drop} points of mIoU{standing}.",
                segmenter=str(first.segmenter.item()),
                loses=worst.named("loses most", "has its highest loss"),
                condition=worst.label,
                drop=Number(worst.values, 1, 100),
                standing=worst.standing,
            )
        )
    for name in first.measure.values.tolist() if "pearson" in first else ():
        sentences.append(
            say(
                data,
                "Across {conditions} perturbations {acronym} and the drop of mIoU correlate with r = {r}.",
                conditions=int(first.pairs.sel(measure=name)),
                acronym=misalignment.ACRONYMS[name],
                r=Number(first.pearson.sel(measure=name)),
            )
        )
    return said(*sentences)


def figure(data: xr.Dataset) -> "Chart | None":
    """mIoU under each condition."""
    from ..figures import intervals

    return intervals.chart(
        {str(name): data.miou.sel(segmenter=name) for name in data.segmenter.values.tolist()},
        along="condition",
        axis="mIoU [%]",
        about="mIoU of each segmentation model by condition, with 95 % intervals.",
        scale=100,
    )


ANALYSIS = Analysis(
    name="segmentation",
    title="Segmentation",
    meaning="Over the summed confusion matrices of all images; classes absent from both sides are left out. IoU by "
    "class: `class_iou`.",
    needs=("segmentations",),
    compute=compute,
    columns=(
        percent("miou", "{segmenter}: mIoU"),
        Column("miou_drop", "{segmenter}: drop", unit="points", digits=1, scale=100),
        percent("pixel_accuracy", "{segmenter}: pixel accuracy"),
        Column(
            "classes",
            "{segmenter}: classes",
            digits=0,
            meaning="how many classes the mean is over: those that are "
            "there, or predicted; a drop compares means over these",
        ),
    ),
    finding=finding,
    figure=figure,
    rows="condition",
)
