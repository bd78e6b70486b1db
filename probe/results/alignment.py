"""Whether the arrangement of the inputs survives: who is near whom, before and under a perturbation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import alignment, statistics

from .analysis import Analysis, Column, percent
from .evidence import Evidence
from .sentences import Sentence, lowest, said, say, share

Parts = dict[str, xr.DataArray]
Labels = NDArray[Any]

NEIGHBOURS = 10
FEWEST = 4
"""Inputs below which no unbiased CKA is defined; with one more, a neighbour is at most a quarter of the others."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) shared nearest neighbours and CKA of clean and perturbed states, as they are and above a floor.

    The floor is what is left when images are shuffled within question and clean answer. Of a site per image every image
    is one input, and there is no question; the neighbours are at most a quarter of the others.
    """
    states = evidence.primary_states
    # not by adding arrays: numpy takes "\0" for an empty text
    asked = evidence.run.samples.question.values.tolist()
    strata = np.array([f"{text}\0{said}" for text, said in zip(asked, answers(evidence), strict=True)], object)
    within = "within question and clean answer"
    if evidence.is_per_image(evidence.primary):  # samples of an image share its state
        states = states.isel(sample=np.sort(np.unique(states.image.values.astype(str), return_index=True)[1]))
        strata, within = np.full(states.sizes["sample"], ""), "among all"
    inputs = states.sizes["sample"]
    if inputs < FEWEST:
        return None
    k = min(NEIGHBOURS, (inputs - 1) // 4)
    chance = k / (inputs - 1)
    data = neighbours(evidence, states, strata, k)
    families = data["mutual_knn"].family.values.tolist()
    for name, unbiased in (("cka", True), ("biased_cka", False)):
        measured = kernels(evidence, states, strata, families, unbiased=unbiased)
        data |= {f"{name}{part}": values for part, values in measured.items()}
    scale = (
        f"nearest {k} of {inputs} inputs, chance {100 * chance:.0f} %" if k else f"{inputs} inputs, too few for nearest"
    )
    attrs = {"k": k, "inputs": inputs, "chance": chance, "scale": scale, "within": within}
    return xr.Dataset(data, attrs=attrs | {"floors": floors(data), "site_layer": evidence.primary})


def floors(data: Parts) -> str:
    """The floors in words."""
    near = data["mutual_knn_floor"][0] if "mutual_knn_floor" in data else np.nan
    if not np.isfinite(near):
        return "which none here can be: chance stands for it"
    return f"which keeps {100 * float(near):.1f} % of the neighbours and a CKA of {float(data['cka_floor'][0]):.3f}"


def answers(evidence: Evidence) -> Labels:
    """(sample) the clean answer: the text of the choice, or what was said where there is nothing to choose from."""
    chosen = evidence.chosen_text.sel(condition="clean").values if evidence.has_options else ""
    said = evidence.run.answers.text.sel(condition="clean").values
    return np.where(chosen == "", said, chosen)


def neighbours(evidence: Evidence, states: xr.DataArray, strata: Labels, k: int) -> Parts:
    """(family, bound) the shared nearest neighbours, and those above their floor; chance stands for a floor of none."""
    clean = states.sel(condition="clean", drop=True)
    if not k:
        nowhere = evidence.split(xr.full_like(states.isel(feature=0, drop=True), np.nan, dtype=np.float64))
        kept = evidence.compared("mutual_knn", statistics.MEAN, nowhere)
        return kept | evidence.compared("mutual_knn_above_floor", statistics.MEAN, nowhere)
    views = [states.isel(condition=place, drop=True) for place in range(states.sizes["condition"])]
    overlap = xr.concat([alignment.neighbour_overlap(clean, view, k=k) for view in views], states.condition)
    along = {name: states[name].variable for name in ("family", "severity")}
    pairs = evidence.split(overlap.assign_coords(along).transpose("sample", "condition"))
    floor = alignment.neighbour_floor(clean, within=strata, k=k, seed=evidence.seed)
    shuffled = statistics.bootstrap(statistics.mean, floor.values, cluster=floor.image.values, seed=evidence.seed)
    index = xr.IndexVariable("bound", list(statistics.BOUNDS))
    data = {"mutual_knn_floor": xr.DataArray(np.array(shuffled), coords={"bound": index}), "shuffled": floor.count()}
    if not floor.notnull().any():
        floor = xr.full_like(floor, k / (clean.sizes["sample"] - 1))
    kept = evidence.compared("mutual_knn", statistics.MEAN, pairs)
    return data | kept | evidence.compared("mutual_knn_above_floor", alignment.ABOVE_FLOOR, pairs, floor)


def kernels(evidence: Evidence, states: xr.DataArray, strata: Labels, families: list[str], *, unbiased: bool) -> Parts:
    """CKA by condition, its mean over a family's conditions, its floor and what lies above that, each (..., bound).

    Their intervals leave out one image after the other.
    """
    clean, views = states.sel(condition="clean", drop=True), views_of(evidence, states)
    names = xr.IndexVariable("condition", [view.condition.item() for view in views])
    whole = [alignment.cka(clean, view, unbiased=unbiased).reset_coords(drop=True) for view in views]
    without = [alignment.cka_left_out(clean, view, unbiased=unbiased).reset_coords(drop=True) for view in views]
    parts = (xr.concat(whole, names), xr.concat(without, names))
    floors = tuple(
        measure(clean, within=strata, unbiased=unbiased, seed=evidence.seed)
        for measure in (alignment.cka_floor, alignment.cka_floor_left_out)
    )
    # of images that cannot be shuffled chance keeps nothing of the unbiased one, and of the other an unknown part
    known = floors if floors[0].notnull() or not unbiased else tuple(map(xr.zeros_like, floors))
    groups = groups_of(evidence, views, families)
    means = tuple(over_families(part.where(parts[0].notnull()), groups) for part in parts)
    above = tuple(alignment.above_floor(mean, floor) for mean, floor in zip(means, known, strict=True))
    shown = {"": parts, "_mean": means, "_floor": floors, "_above_floor": above}
    return {name: statistics.jackknife(*pair).clip(max=1.0) for name, pair in shown.items()}


def views_of(evidence: Evidence, states: xr.DataArray) -> list[xr.DataArray]:
    """(sample, feature) the states of each condition, semantic overlays split; samples of the other part undefined."""
    place = states.isel(feature=0, drop=True).astype(np.float64)
    place = evidence.split(place.copy(data=np.broadcast_to(np.arange(place.sizes["condition"]), place.shape)))
    views: list[xr.DataArray] = []
    for part in place.transpose("condition", "sample"):
        if part.notnull().any():
            view = states.isel(condition=int(part.max()), drop=True).where(part.notnull())
            views.append(view.assign_coords(condition=part.condition, family=part.family))
    return views


def groups_of(evidence: Evidence, views: list[xr.DataArray], families: list[str]) -> dict[str, list[int]]:
    """The views of each family and of each union."""
    return {
        name: [k for k, view in enumerate(views) if view.family.item() in evidence.unions.get(name, [name])]
        for name in families
    }


def over_families(cka: xr.DataArray, groups: dict[str, list[int]]) -> xr.DataArray:
    """(family, ...) the mean over the conditions of each family that are defined."""
    parts = [cka.isel(condition=places).dropna("condition", how="all") for places in groups.values()]
    means = [part.sum("condition", skipna=False) / (part.sizes["condition"] or np.nan) for part in parts]
    return xr.concat(means, xr.IndexVariable("family", list(groups)))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which family the arrangement of the inputs is lost most, beside what chance keeps."""
    worst = lowest(data, "mutual_knn")
    if worst is None:
        return ()
    k = data.attrs["k"]
    has_floor = "mutual_knn_floor" in data and np.isfinite(data.mutual_knn_floor[0])
    return said(
        say(
            data,
            "At {site} {inputs} inputs keep {kept} of their {nearest} under {family}, the {fewest}{standing}; "
            + ("with images shuffled {within} they keep {floor}, " if has_floor else "")
            + "by chance {chance}.",
            site=data.attrs["site_layer"],
            inputs=data.attrs["inputs"],
            within=data.attrs["within"],
            floor=share(data.mutual_knn_floor) if has_floor else "",
            kept=share(worst.values),
            nearest="nearest neighbour" if k == 1 else f"{k} nearest neighbours",
            family=worst.label,
            fewest=worst.named("fewest", "lowest share"),
            chance=share([data.attrs["chance"]]),
            standing=worst.standing,
        )
    )


ANALYSIS = Analysis(
    name="alignment",
    title="Arrangement of states at {site_layer}, {scale}",
    meaning="100 % and 1: every input has the neighbours and the distances that it has on clean images. Above the "
    "floor: of what is left open where images are shuffled {within}, {floors}. CKA: the mean over the family's "
    "conditions; the biased one is larger the fewer inputs there are.",
    needs=("states",),
    compute=compute,
    columns=(
        percent("mutual_knn", "shared nearest"),
        percent("mutual_knn_above_floor", "above the floor,"),
        Column("cka_mean", "CKA", digits=3),
        Column("cka_above_floor", "CKA above the floor", digits=2),
        Column("biased_cka_mean", "biased", digits=3),
    ),
    finding=finding,
)
