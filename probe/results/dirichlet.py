"""Whether the layout of the vision tokens becomes rougher or smoother, and whether that goes with drift and pixels.

The whole stands first; pairs whose answer stayed and pairs that flipped stand beside it. Definitions, section 6.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from analyses import correlation, statistics

from . import pixel_spectrum
from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .sentences import Extreme, Number, Sentence, highest, lowest, said, say

ENERGIES = {"dirichlet": "change", "dirichlet_scale_free": "change_scale_free"}
ANSWERS = {"kept": 0, "flipped": 1}

Covariates = Mapping[str, xr.DataArray]


def compute(evidence: Evidence) -> xr.Dataset:
    """(site_layer, family, bound) Dirichlet energy, its change where answers stayed and flipped, and correlations."""
    sites = [site for site in evidence.run.sites if "dirichlet" in evidence.stored(site)]
    data = xr.concat([at_site(evidence, site) for site in sites], "site_layer", join="outer")
    return data.assign_attrs(site_layer=data.site_layer.values[-1], primary=evidence.primary)


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Everything about one site, for each layer."""
    stored, others = evidence.stored(site)[list(ENERGIES)].load(), covariates(evidence)
    clean = stored.sel(condition="clean", drop=True)
    energy = evidence.by_family(statistics.MEAN, evidence.split(evidence.to_samples(stored.dirichlet)))
    data = xr.Dataset({"energy": energy.value, "defined": energy.defined, "undefined": energy.undefined})
    for name, change in ENERGIES.items():
        moved = evidence.split(evidence.to_samples(stored[name] - clean[name]))
        data = data.assign(evidence.compared(change, statistics.MEAN, moved))
        data[f"{change}_correlation"] = over_samples(evidence, moved, others)
    moved = evidence.split(evidence.to_samples(stored.dirichlet - clean.dirichlet))
    data = data.assign(over_pairs(evidence, moved, others))
    if evidence.has_answers:
        data = data.assign(by_answer(evidence, moved, others))
    return evidence.by_site_layer(data, site)


def covariates(evidence: Evidence) -> Covariates:
    """(sample, condition) what the change of energy may go with; bands of pictures are nan where none are stored."""
    found = {"drift": evidence.primary_drift}
    if evidence.has_options:
        found["margin_erosion"] = evidence.erosion
    if "band_power" in evidence.run.pictures:
        bands = pixel_spectrum.relative_change(evidence)
        return found | {f"pixels_{band}": bands.sel(band=band, drop=True) for band in pixel_spectrum.BANDS}
    return found | {f"pixels_{band}": xr.full_like(found["drift"], np.nan) for band in pixel_spectrum.BANDS}


def over_pairs(evidence: Evidence, moved: xr.DataArray, others: Covariates) -> dict[str, xr.DataArray]:
    """(family, layer, covariate, bound) Pearson's r over the pairs of each family, drawn by image; nan for controls.

    Of unions also the mean of their families' r: over all pairs, families that lie apart make or hide a correlation.
    """
    tables = [
        evidence.by_family(statistics.CORRELATION, evidence.perturbed(moved), evidence.perturbed(other))
        for other in others.values()
    ]
    families = [*dict.fromkeys(moved.family.values.tolist()), *evidence.unions]
    together = xr.concat(tables, xr.IndexVariable("covariate", list(others))).reindex(family=families)
    made = {"pair_correlation": together.value, "pair_correlation_mean_of_families": together.mean_of_families}
    return {name: values.transpose("family", "layer", ...) for name, values in made.items()}


def over_samples(evidence: Evidence, moved: xr.DataArray, others: Covariates) -> xr.DataArray:
    """(layer, covariate, bound) Pearson's r over samples, each with its mean over all perturbations that have both."""
    found: list[xr.DataArray] = []
    for other in others.values():
        both = moved.notnull() & other.notnull()
        x, y = (evidence.over_all(each.where(both)).transpose("sample", "layer") for each in (moved, other))
        images = evidence.run.answers.image.values
        r = correlation.interval(x, y, dim="sample", cluster=images, seed=evidence.seed)
        found.append(r.reset_coords(drop=True))
    return xr.concat(found, xr.IndexVariable("covariate", list(others)))


def by_answer(evidence: Evidence, moved: xr.DataArray, others: Covariates) -> dict[str, xr.DataArray]:
    """(answer, family, layer, bound) the mean and the correlations of the pairs whose answer stayed, and flipped."""
    parts: list[xr.Dataset] = []
    for flipped in ANSWERS.values():
        pairs = moved.where(evidence.flipped == flipped)
        table = evidence.by_family(statistics.MEAN, pairs)
        made = {"change": table.value, "change_mean_of_families": table.mean_of_families, "pairs": table.defined}
        parts.append(xr.Dataset(made | over_pairs(evidence, pairs, others)))
    together = xr.concat(parts, xr.IndexVariable("answer", list(ANSWERS)))
    beside = "_mean_of_families"
    return {
        f"{str(name).removesuffix(beside)}_by_answer{beside if str(name).endswith(beside) else ''}": values
        for name, values in together.data_vars.items()
    }


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which family tokens change their layout most in proportion, and how that goes with answers and drift."""
    here = data.sel(site_layer=data.attrs["site_layer"])
    return said(most_changed(here), kept_and_flipped(here), goes_with(here))


def most_changed(here: xr.Dataset) -> Sentence | None:
    """The family with the largest mean change, rougher or smoother; nothing where that may be 0."""
    ends = [highest(here, "change_scale_free"), lowest(here, "change_scale_free")]
    found: list[Extreme] = [end for end in ends if end is not None]
    if not found:
        return None
    most = max(found, key=lambda end: abs(float(end.values.sel(bound="estimate"))))
    change = Number(most.values, 3, signed=True)
    if not change.excludes_zero:
        return None
    return say(
        here,
        "The scale-free energy of vision tokens at {site} says that they become {rougher}, {word} under {family}: "
        "{change}{standing}.",
        site=here.attrs["site_layer"],
        rougher="rougher" if change.estimate > 0 else "smoother",
        word=most.named("most", "by the highest mean change"),
        family=most.label,
        change=change,
        standing=most.standing,
    )


def kept_and_flipped(here: xr.Dataset) -> Sentence | None:
    """The change over all perturbations, where answers stayed and where they flipped."""
    if "change_by_answer" not in here:
        return None
    every = here.sel(family=statistics.ALL)
    families = list(here.attrs["unions"][statistics.ALL])
    if not np.isfinite(here.change_by_answer.sel(family=families, bound="estimate")).all():
        return None  # the means would be over different families
    pairs = {answer: int(every.pairs_by_answer.sel(answer=answer)) for answer in ANSWERS}
    parts = {
        answer: Number(every.change_by_answer_mean_of_families.sel(answer=answer), 2, cases=count, signed=True)
        for answer, count in pairs.items()
    }
    return say(
        here,
        "Averaged equally over families, the energy at {site} changes by {kept} in the {stayed} pairs where the answer "
        "stayed, by {flipped} in the {count} where it flipped; the difference is not tested.",
        site=here.attrs["site_layer"],
        stayed=f"{pairs['kept']:,}",
        count=f"{pairs['flipped']:,}",
        **parts,
    )


def goes_with(here: xr.Dataset) -> Sentence | None:
    """How the change goes with drift, within families and over the pairs of all perturbations."""
    every = here.sel(family=statistics.ALL, covariate="drift")
    return say(
        here,
        "The change of energy at {site} and drift at {primary} correlate with r = {within} within a family (mean over "
        "families), with {r} over all pairs.",
        site=here.attrs["site_layer"],
        primary=here.attrs["primary"],
        within=Number(every.pair_correlation_mean_of_families, 3, signed=True),
        r=Number(every.pair_correlation, 3, signed=True),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How the energy changes, layer by layer."""
    from ..figures import heat_maps

    return heat_maps.chart(
        data.change_scale_free,
        legend="change of the scale-free energy [unitless]",
        about="Change of the scale-free Dirichlet energy by site, layer and family: above 0 rougher, below 0 smoother.",
        without=("clean",),
        diverging=True,
    )


ANALYSIS = Analysis(
    name="dirichlet",
    title="Smoothness at {site_layer}",
    meaning="Mean squared difference of neighbouring tokens; below 0: smoother than on the clean image. Correlations r "
    "are over all pairs of a family, whether their answer stayed or flipped.",
    needs=("energies",),
    compute=compute,
    columns=(
        Column("energy", "energy", digits=3),
        Column("change", "change", digits=3),
        Column("change_scale_free", "change, scale-free", digits=4),
        Column("change_by_answer", "change, {answer}", digits=3, meaning="Pairs whose answer stayed, or flipped."),
        Column("pair_correlation", "r with drift", at={"covariate": "drift"}),
        Column("pair_correlation", "r with the pixels' high band", at={"covariate": "pixels_high"}),
    ),
    finding=finding,
    figure=figure,
)
