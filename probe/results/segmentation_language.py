"""Whether what is said degrades with what a segmentation model sees: correlations across perturbations and images.

Drops of mIoU and of each class's IoU against the increase of HR, COR, SMR and omission. Across perturbations each
condition is one point, clean left out, which is (0, 0) by construction; across images each image is one, by condition.
Source: Cheng, sections 3.6, 5.3 and 5.5; definitions, sections 14 and 15.
"""

from collections.abc import Mapping, Sequence

import xarray as xr

from analyses import correlation, segmentation, statistics

from . import scene_answers
from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .segmentation import confusions
from .sentences import Sentence, said, say
from .states import read

MEASURES: Mapping[str, str] = {
    "hallucination": "HR",
    "critical_omission": "COR",
    "critical_omission_over_all": "printed COR",
    "safety_misinterpretation": "SMR",
    "presence_omission": "omission",
}
"""What is said wrongly, and what its mean over images is called; omission is COR from the presence prompts."""

MIOU = "mIoU"


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(segmenter, quality, measure, bound) correlations of drops with increases, and (..., condition) the points.

    None where nothing is asked about scenes, or there are fewer than three perturbed conditions.
    """
    if not evidence.asks:
        return None
    found = scene_answers.measured(evidence)
    values = {acronym: found[name] for name, acronym in MEASURES.items() if name in found}
    models = list(evidence.run.segmentations)
    if not values or len(perturbed(evidence)) < 3:
        return None
    parts = [of_model(evidence, model, values) for model in models]
    return xr.concat(parts, xr.IndexVariable("segmenter", models), join="outer")


def of_model(evidence: Evidence, model: str, values: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """(quality, measure, ...) of one segmentation model."""
    confusion = confusions(evidence, model)
    more = {name: increase(evidence, each) for name, each in values.items()}
    fewer = {name: each.sel(condition=perturbed(evidence)) for name, each in drops(evidence, confusion).items()}
    across = correlation.table(fewer, more, seed=evidence.seed).rename(n="pairs", undefined="pairs_undefined")
    points = {
        "drop": xr.concat([correlation.bounds(each) for each in fewer.values()], _index("quality", fewer)),
        "increase": xr.concat([correlation.bounds(each) for each in more.values()], _index("measure", more)),
    }
    return across.merge(of_images(evidence, confusion, values)).merge(points)


def drops(evidence: Evidence, confusion: xr.DataArray) -> dict[str, xr.Dataset]:
    """(condition) ΔQ with its draws: of mIoU, and of the IoU of each class that is there in any condition."""
    whole = correlation.resampled(segmentation.summed_miou, confusion, seed=evidence.seed)
    by_class = correlation.resampled(segmentation.summed_iou, confusion, seed=evidence.seed)
    names = segmentation.CITYSCAPES
    drawn = {MIOU: whole}
    for place in range(min(by_class.sizes["true"], len(names))):
        one = by_class.isel(true=place, drop=True)
        if bool(one.estimate.notnull().any()):
            drawn[names[place]] = one
    return {name: one.sel(condition="clean", drop=True) - one for name, one in drawn.items()}


def increase(evidence: Evidence, values: xr.DataArray) -> xr.Dataset:
    """(condition) ΔL with its draws, under perturbations."""
    drawn = correlation.resampled(statistics.mean, per_image(evidence, values), seed=evidence.seed)
    return (drawn - drawn.sel(condition="clean", drop=True)).sel(condition=perturbed(evidence))


def perturbed(evidence: Evidence) -> list[str]:
    """The conditions without clean and the controls."""
    family = evidence.run.conditions.family
    return family.condition.values[family.isin(evidence.unions[statistics.ALL]).values].tolist()


def per_image(evidence: Evidence, values: xr.DataArray) -> xr.DataArray:
    """(image, condition) the mean over an image's samples, in the order of the run's images."""
    return bare(correlation.by_image(values).reindex(image=evidence.run.images.image.values))


def bare(values: xr.DataArray) -> xr.DataArray:
    """(image, condition) with no other coordinate, so that what is of pictures and what is of answers fit."""
    kept = ("image", "condition")
    return values.drop_vars([name for name in values.coords if name not in kept]).transpose(*kept)


def of_images(evidence: Evidence, confusion: xr.DataArray, values: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """(measure, condition) correlation over images of each one's ΔmIoU and its ΔL, a condition at a time."""
    parts = [_miou(read(confusion.sel(condition=[name]))) for name in confusion.condition.values]
    quality = xr.concat(parts, "condition", coords="minimal", compat="override")
    kept = {"condition": perturbed(evidence)}
    lost = bare(quality.sel(condition="clean", drop=True) - quality).sel(kept)
    rows = {name: per_image(evidence, each) for name, each in values.items()}
    more = {name: (each - each.sel(condition="clean", drop=True)).sel(kept) for name, each in rows.items()}
    table = correlation.table({MIOU: lost}, more, dim="image", seed=evidence.seed)
    table = table.squeeze("quality", drop=True)
    return table.rename({str(name): f"{name}_over_images" for name in table.data_vars}).drop_attrs()


def _miou(confusion: xr.DataArray) -> xr.DataArray:
    """(...) mIoU of each matrix by itself; pixels given no class, in a last column, are missed by their own."""
    own = segmentation.summed_miou
    return xr.apply_ufunc(lambda each: own.value(own.moments(each)), confusion, input_core_dims=[segmentation.MATRIX])


def _index(name: str, entries: Mapping[str, object]) -> xr.Variable:
    return xr.IndexVariable(name, list(entries))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How many of the correlations chance would hardly make."""
    sentences: list[Sentence | None] = []
    for model in data.segmenter.values.tolist():
        of_one = data.sel(segmenter=model)
        p = of_one.p_adjusted.sel(coefficient="pearson")
        sentences.append(
            say(
                data,
                "{segmenter}: across {conditions} perturbations {few} of {all} correlations of a drop (mIoU or the IoU "
                "of a class) with {measures} have an adjusted p below 0.05; across images, of mIoU, {few_images} of "
                "{all_images}.",
                segmenter=str(model),
                conditions=data.sizes["condition"],
                few=int((p < 0.05).sum()),
                all=int(p.notnull().sum()),
                measures=", ".join(data.measure.values.tolist()),
                **_over_images(of_one),
            )
        )
    return said(*sentences)


def _over_images(data: xr.Dataset) -> dict[str, int]:
    p = data.p_adjusted_over_images.sel(coefficient="pearson")
    return {"few_images": int((p < 0.05).sum()), "all_images": int(p.notnull().sum())}


def figure(data: xr.Dataset) -> "Chart | None":
    """The drop of mIoU against each increase, a point per condition with both intervals (the paper's Figure 3)."""
    from ..figures import scatter

    return scatter.chart(
        data["drop"].sel(quality=MIOU),
        data.increase,
        panel="measure",
        point="condition",
        series="segmenter",
        across="drop of mIoU [points]",
        up="over clean [points]",
        about="Drop of mIoU against the increase of each measure, a point for each condition, with 95 % intervals.",
        scale=100,
    )


ANALYSIS = Analysis(
    name="segmentation_language",
    title="Does what is said degrade with what is segmented?",
    meaning="Pearson correlation across perturbations of the drop of a quality with the increase of HR, COR, SMR and "
    "omission (critical classes denied when asked for). Clean is left out. Spearman, p-values and the correlations "
    "over images are in --json and --csv.",
    needs=("segmentations",),
    compute=compute,
    columns=(Column("pearson", "{segmenter}: {measure}"),),
    finding=finding,
    figure=figure,
    rows="quality",
    on_request=True,
)
