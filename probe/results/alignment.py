"""Whether the arrangement of the inputs survives: who is near whom, before and under a perturbation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import alignment, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Sentence, lowest, said, say, share

Parts = dict[str, xr.DataArray]
Labels = NDArray[Any]

NEIGHBOURS = 10
MOST_INPUTS = 1_000
"""Of more inputs so many are drawn: each is set against each other under every condition."""

FEWEST = 4
"""Inputs below which no unbiased CKA is defined; with one more, a neighbour is at most a quarter of the others."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) shared nearest neighbours and CKA of clean and perturbed states, as they are and above a floor.

    The floor is what is left when images are shuffled within question and clean answer. Of a site per image every image
    is one input, and there is no question; the neighbours are at most a quarter of the others. Of more than 1,000
    inputs as many are drawn, which the title says.
    """
    strata, within, all_rows = strata_of(evidence)
    rows = drawn(all_rows, evidence.seed)
    strata, inputs = strata[np.isin(all_rows, rows)], len(rows)
    if inputs < FEWEST:
        return None
    k = min(NEIGHBOURS, (inputs - 1) // 4)
    chance = k / (inputs - 1)
    site, layer = evidence.primary_site, evidence.primary_layer
    clean = evidence.clean_states(site, [layer]).isel(layer=0, drop=True).isel(sample=rows)
    views = views_of(evidence, rows)
    overlaps: list[xr.DataArray] = []
    alike: dict[int, xr.Dataset] = {}
    place = 0
    for group in evidence.by_conditions(site, layer, rows):
        overlaps += [alignment.neighbour_overlap(clean, group, k=k)] if k else []
        for states in group:
            for number, view in enumerate(views):
                if view.place == place:
                    of_view = states if view.members.all() else states.where(view.members)
                    alike[number] = alignment.ckas(clean, of_view).reset_coords(drop=True)
            place += 1
    data = neighbours(evidence, overlaps, clean, strata, k)
    families = data["mutual_knn"].family.values.tolist()
    names = xr.IndexVariable("condition", [view.condition for view in views])
    measured = xr.concat([alike[number] for number in range(len(views))], names)
    groups = groups_of(evidence, views, families)
    floor = alignment.cka_floors(clean, within=strata, seed=evidence.seed)
    for name, unbiased in (("cka", True), ("biased_cka", False)):
        seen, shuffled = (each.sel(unbiased=unbiased, drop=True) for each in (measured, floor))
        parts = kernels(seen, shuffled, groups, unbiased=unbiased)
        data |= {f"{name}{part}": values for part, values in parts.items()}
    counted = f"{inputs} inputs" + (f" drawn from {len(all_rows):,}" if inputs < len(all_rows) else "")
    scale = f"nearest {k} of {counted}, chance {100 * chance:.0f} %" if k else f"{counted}, too few for nearest"
    attrs = {"k": k, "inputs": inputs, "chance": chance, "scale": scale, "within": within}
    return xr.Dataset(data, attrs=attrs | {"floors": floors(data), "site_layer": evidence.primary})


def strata_of(evidence: Evidence) -> tuple[Labels, str, NDArray[np.intp]]:
    """(row) what images are shuffled in, that in words, and the places of the samples that are inputs."""
    samples = evidence.run.answers
    if evidence.is_per_image(evidence.primary):  # samples of an image share its state
        rows = np.sort(np.unique(samples.image.values.astype(str), return_index=True)[1])
        return np.full(len(rows), ""), "among all", rows
    # not by adding arrays: numpy takes "\0" for an empty text
    asked = evidence.run.samples.question.values.tolist()
    strata = np.array([f"{text}\0{said}" for text, said in zip(asked, answers(evidence), strict=True)], object)
    return strata, "within question and clean answer", np.arange(samples.sizes["sample"])


def drawn(rows: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """All inputs, or as many as are set against each other, drawn at random and in their order."""
    if len(rows) <= MOST_INPUTS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_INPUTS, replace=False))


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


def neighbours(
    evidence: Evidence, overlaps: Sequence[xr.DataArray], clean: xr.DataArray, strata: Labels, k: int
) -> Parts:
    """(family, bound) the shared nearest neighbours, and those above their floor; chance stands for a floor of none."""
    conditions = evidence.run.conditions
    along = {name: ("condition", conditions[name].values) for name in ("condition", "family", "severity")}
    nothing = clean.isel(feature=0, drop=True).astype(np.float64) * np.nan
    overlap = xr.concat(overlaps or [nothing] * conditions.sizes["condition"], "condition").assign_coords(along)
    pairs = evidence.split(overlap.transpose("sample", "condition"))
    kept = evidence.compared("mutual_knn", statistics.MEAN, pairs)
    if not k:
        return kept | evidence.compared("mutual_knn_above_floor", statistics.MEAN, pairs)
    floor = alignment.neighbour_floor(clean, within=strata, k=k, seed=evidence.seed)
    shuffled = statistics.bootstrap(statistics.mean, floor.values, cluster=floor.image.values, seed=evidence.seed)
    index = xr.IndexVariable("bound", list(statistics.BOUNDS))
    data = {"mutual_knn_floor": xr.DataArray(np.array(shuffled), coords={"bound": index}), "shuffled": floor.count()}
    if not floor.notnull().any():
        floor = xr.full_like(floor, k / (clean.sizes["sample"] - 1))
    return data | kept | evidence.compared("mutual_knn_above_floor", alignment.ABOVE_FLOOR, pairs, floor)


def kernels(measured: xr.Dataset, floor: xr.Dataset, groups: dict[str, list[int]], *, unbiased: bool) -> Parts:
    """CKA by condition, its mean over a family's conditions, its floor and what lies above that, each (..., bound).

    Their intervals leave out one image after the other.
    """
    parts = (measured.whole, measured.without)
    floors = tuple(floor[name].reset_coords(drop=True) for name in ("whole", "without"))
    # of images that cannot be shuffled chance keeps nothing of the unbiased one, and of the other an unknown part
    known = floors if floors[0].notnull() or not unbiased else tuple(map(xr.zeros_like, floors))
    means = tuple(over_families(part.where(parts[0].notnull()), groups) for part in parts)
    above = tuple(alignment.above_floor(mean, floor) for mean, floor in zip(means, known, strict=True))
    shown = {"": parts, "_mean": means, "_floor": floors, "_above_floor": above}
    return {name: statistics.jackknife(*pair).clip(max=1.0) for name, pair in shown.items()}


@dataclass(frozen=True)
class View:
    """The inputs of a condition that belong together: all, or of a semantic overlay those that it contradicts."""

    place: int
    condition: str
    family: str
    members: xr.DataArray


def views_of(evidence: Evidence, rows: NDArray[np.intp]) -> list[View]:
    """The views of all conditions, semantic overlays split, but those without an input."""
    pairs = evidence.run.answers.log_likelihood.isel(option=0, drop=True).isel(sample=rows)
    places = np.broadcast_to(np.arange(pairs.sizes["condition"], dtype=np.float64), pairs.shape)
    split = evidence.split(pairs.copy(deep=False, data=places))
    return [
        View(int(part.max()), part.condition.item(), part.family.item(), part.notnull().reset_coords(drop=True))
        for part in split.transpose("condition", "sample")
        if part.notnull().any()
    ]


def groups_of(evidence: Evidence, views: list[View], families: list[str]) -> dict[str, list[int]]:
    """The views of each family and of each union."""
    return {
        name: [k for k, view in enumerate(views) if view.family in evidence.unions.get(name, [name])]
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


def figure(data: xr.Dataset) -> "Chart | None":
    """How much of the arrangement stays, above its floor."""
    from ..figures import intervals

    return intervals.chart(
        {"shared nearest neighbours": data.mutual_knn_above_floor, "CKA": data.cka_above_floor},
        along="family",
        axis="kept above the floor [0: as shuffled, 1: as on clean images]",
        about="Shared nearest neighbours and CKA above their floors, by family, with 95 % intervals.",
        unions=data.attrs["unions"],
        without=("clean",),
        reference=0,
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
    figure=figure,
)
