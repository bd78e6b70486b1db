"""Where the last token before the answer looks: how much goes to the image, how it spreads, and what moves it."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import attention, labels, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share
from .where_first import by_depth

ANSWERS = {"kept": 0, "flipped": 1}

HELD = 2**24
"""Numbers of a map that are held at once, of each condition: 64 MB."""

ACROSS = 1 - 1e-6
"""A share of the image above which layers have nothing else to attend to: they attend across to it."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, layer, bound) attention to the image and its change, to question and first token, evenness, sinks.

    `even` (family, bound): the share of the image among the tokens of the prompt, which even attention would give it.
    `divergence` (family, layer, bound): of the spread over places from the clean image's; `map_divergence`: of the
    mean over heads of these spreads, where the run has the map. All others are means over heads. `{name}_overall`
    (family, bound): the same, mean over layers. `by_answer` (answer, family, bound): the change where answers
    stayed and flipped; `flip_difference` (bound): by how much more it changes in pairs that flip than in pairs of
    the same condition that stay. None where no image is attended to.
    """
    image = over_heads(evidence, "image")
    if not bool(image.notnull().any()):
        return None
    measured = {name: over_heads(evidence, name) for name in ("question", "first", "entropy", "entropy_without_sinks")}
    measured |= {
        "image": image,
        "change": image - image.sel(condition="clean", drop=True),
        "on_sinks": attention.share_on_sinks(over_heads(evidence, "sinks"), image),
        "divergence": by_heads(evidence, image),
        "map_divergence": diverged(evidence, image),
    }
    data = xr.Dataset(
        {"even": evidence.values(statistics.MEAN, evidence.split(evidence.run.answers.attention_even.load()))}
    )
    for name, pairs in measured.items():
        data[name] = evidence.values(statistics.MEAN, evidence.split(pairs))
        data[f"{name}_overall"] = evidence.values(statistics.MEAN, evidence.split(labels.mean(pairs, "layer")))
    change = evidence.split(labels.mean(measured["change"], "layer"))
    layers = int(image.notnull().any(["sample", "condition"]).sum())
    return data.merge(by_answer(evidence, change)).assign_attrs(layers=str(layers))


def over_heads(evidence: Evidence, name: str) -> xr.DataArray:
    """(sample, condition, layer) a stored sum, mean over heads, of the layers that attend, by their numbers."""
    read = evidence.run.answers[f"attention_{name}"]
    return attention.over_heads(of_blocks(read).load())


def of_blocks(read: xr.DataArray) -> xr.DataArray:
    """Without layer 0, the input of the first block, which attends to nothing."""
    return read.assign_coords(layer=np.arange(read.sizes["layer"])).isel(layer=slice(1, None))


def by_heads(evidence: Evidence, image: xr.DataArray) -> xr.DataArray:
    """(sample, condition, layer) divergence of each head from the clean image's, mean over heads; nan without it."""
    known = "attention_divergence" in evidence.run.answers  # which runs have not whose heads were not compared
    return over_heads(evidence, "divergence") if known else xr.full_like(image, np.nan)


def diverged(evidence: Evidence, image: xr.DataArray) -> xr.DataArray:
    """(sample, condition, layer) divergence of the map from the clean image's; nan without a map, of unequal grids."""
    answers = evidence.run.answers
    if "attention_places" not in answers:
        return xr.full_like(image, np.nan)
    places, grid = of_blocks(answers.attention_places), answers.attention_grid.load()
    same = ((grid == grid.sel(condition="clean", drop=True)) & (grid > 0)).all("grid_axis")
    step = max(1, HELD // (places.sizes["layer"] * places.sizes["place"]))
    rows = [slice(start, start + step) for start in range(0, places.sizes["sample"], step)]
    parts = [
        xr.concat([_moved(places.isel(sample=some), k) for k in range(len(places.condition))], "condition")
        for some in rows
    ]
    return xr.concat(parts, "sample").where(same)


def _moved(places: xr.DataArray, condition: int) -> xr.DataArray:
    """(sample, 1, layer) divergence under one condition."""
    return attention.divergence(
        places.sel(condition="clean", drop=True).load(), places.isel(condition=[condition]).load()
    )


def by_answer(evidence: Evidence, change: xr.DataArray) -> xr.Dataset:
    """The change where answers stayed, and flipped, and the difference within conditions; nan without answers."""
    flipped = evidence.flipped if evidence.has_answers else xr.full_like(change, np.nan)
    parts = [evidence.by_family(statistics.MEAN, change.where(flipped == which)) for which in ANSWERS.values()]
    together = xr.concat([part.value for part in parts], xr.IndexVariable("answer", list(ANSWERS)))
    pairs = xr.concat([part.defined for part in parts], xr.IndexVariable("answer", list(ANSWERS)))
    here, fell = evidence.perturbed(change), evidence.perturbed(flipped)
    known = here.notnull() & fell.notnull()
    centred = (here - labels.mean(here.where(known), "sample")).where(known)  # families differ in flips and in shifts
    sums = [
        np.stack([centred.where(fell == which).sum("condition"), (known & (fell == which)).sum("condition")], axis=-1)
        for which in ANSWERS.values()
    ]
    bounds = statistics.bootstrap(_apart, *sums, cluster=evidence.run.answers.image.values, seed=evidence.seed)
    difference = xr.DataArray(np.stack(bounds), dims="bound", coords={"bound": together.bound.values})
    return xr.Dataset({"by_answer": together, "pairs_by_answer": pairs, "flip_difference": difference})


def _apart(kept: NDArray[np.float64], flipped: NDArray[np.float64]) -> float:
    """Difference of means of two groups, from each sample's (sum, count) in either; nan where one is empty."""
    (kept_sum, kept_count), (flipped_sum, flipped_count) = kept.sum(axis=0), flipped.sum(axis=0)
    return flipped_sum / flipped_count - kept_sum / kept_count if kept_count and flipped_count else np.nan


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How much goes to the image, what perturbing changes, and whether that goes with flips."""
    clean, every = data.sel(family="clean"), data.sel(family=statistics.ALL)
    shares = (_of_image(data, clean, every), _of_flips(data)) if _has_choice(clean) else ()
    return said(*shares, _of_places(data, every))


def _has_choice(clean: xr.Dataset) -> bool:
    """Whether layers that attend to the image could attend to something else."""
    return float(clean.image_overall.sel(bound="estimate")) < ACROSS


def _of_image(data: xr.Dataset, clean: xr.Dataset, every: xr.Dataset) -> Sentence | None:
    return say(
        data,
        "On clean images the last token before the answer gives {image} of its attention to the image, mean over heads "
        "and {layers} layers, where even attention would give {even}; over all perturbations that changes by {change}.",
        image=share(clean.image_overall),
        even=share(clean.even.sel(bound="estimate")),
        layers=data.attrs["layers"],
        change=_points(every.change_overall),
    )


def _of_flips(data: xr.Dataset) -> Sentence | None:
    cases = int(data.pairs_by_answer.sel(answer="flipped", family=statistics.ALL))
    number = _points(data.flip_difference, cases)
    return say(
        data,
        "Where answers flip, this change differs by {difference} from that under the same conditions where they "
        "stay{verdict}; attention says where is read, not what the answer rests on.",
        difference=number,
        verdict="" if number.excludes_zero else ", which may be nothing",
    )


def _of_places(data: xr.Dataset, every: xr.Dataset) -> Sentence | None:
    other = "another_image" in data.family
    return say(
        data,
        "Over the places of the image the attention of a head diverges from its own on the clean image by {here} of at "
        "most 1, mean over heads and layers" + ("; another image moves it by {other}." if other else "."),
        here=Number(every.divergence_overall, 3, unit="bits"),
        **({"other": Number(data.divergence_overall.sel(family="another_image"), 3, unit="bits")} if other else {}),
    )


def _points(values: xr.DataArray, cases: int | None = None) -> Number:
    return Number(values, 2, 100, "points", cases, signed=True)


def figure(data: xr.Dataset) -> "Chart | None":
    """Change of the attention to the image by family and layer."""
    from ..figures import heat_maps

    of_share = _has_choice(data.sel(family="clean"))
    values = data.change if of_share else data.divergence
    return heat_maps.chart(
        by_depth(100 * values.expand_dims(site=["language.layers"])),
        legend="change of attention to the image [points]" if of_share else "divergence [% of a bit]",
        about="What perturbing does to the last token's attention in each layer, by family, mean over heads.",
        without=("clean",),
        diverging=of_share,
    )


ANALYSIS = Analysis(
    name="attention",
    title="Where the last token looks",
    meaning="Attention of the last token before the answer, mean over heads and layers: the share of the image, its "
    "change from the clean image in points, how evenly it is spread over places (1: all alike), also without attention "
    "sinks, places with a feature of at least 20 times the root mean square of all (none of up to 400 features can be, "
    "which is –); divergence of each head's spread from the clean image's, of equal grids, and that of the heads' mean "
    "map, in which heads that move against each other cancel out. Attention says where is read, not "
    "what the answer rests on.",
    needs=("attention",),
    compute=compute,
    columns=(
        percent("image_overall", "image"),
        Column("change_overall", "change", unit="points", scale=100),
        percent("first_overall", "first token"),
        Column("entropy_overall", "evenness", digits=3),
        Column("entropy_without_sinks_overall", "without sinks", digits=3),
        Column("divergence_overall", "divergence", unit="bits", digits=3),
        Column("map_divergence_overall", "divergence, mean map", unit="bits", digits=3),
        Column("by_answer", "change, {answer}", unit="points", scale=100),
    ),
    finding=finding,
    figure=figure,
)
