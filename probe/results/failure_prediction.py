"""Whether drift foretells flips better than the clean margin does, under perturbations that were not fitted."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import decisions, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .failure_features import MARGIN, drift_at, features, of_picture
from .sentences import Number, Sentence, said, say, share

PICTURE, ALL_OF_THEM = "and drift of the picture", "and all drift"
"""Models with more than the margin: what the picture does before a question is read, and all features."""

FEWEST = 2
"""Families that it takes: one to fit, one to test."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, model, bound) AUROC, Brier score, risk over coverage; None with fewer than two families or no flips."""
    verdict = evidence.perturbed(evidence.flipped)
    flips = verdict.values[~np.isnan(verdict.values)]
    if len(set(verdict.family.values.tolist())) < FEWEST or len(np.unique(flips)) < 2:
        return None
    every = evidence.perturbed(features(evidence).assign_coords(evidence.flipped.coords))
    known = every.notnull().all("feature")
    models = {name: every.sel(feature=own).where(known) for name, own in models_of(evidence, every).items()}
    found = [decisions.flip_probability(own, verdict, seed=evidence.seed) for own in models.values()]
    foretold = xr.concat(found, xr.IndexVariable("model", list(models)), coords="minimal", compat="override")
    data = decisions.compared(foretold.probability, verdict, seed=evidence.seed)
    true = verdict.where(foretold.expected.notnull().all("model"))
    rates = {"expected_rate": by_family(evidence, foretold.expected), "true_rate": by_family(evidence, true)}
    about = {"features": " and ".join(every.feature.values[1:].tolist()), "picture": of_picture(evidence)}
    gains = [f"{name}_gain" for name in ("auroc", "brier", "aurc")]
    over = data[gains].isel(model=slice(1, None)).rename(model="added")
    data = data.drop_vars(gains).merge(over)
    rates["undefined"] = (verdict.notnull() & ~known).sum()
    return data.assign(rates).assign_attrs(about)


def models_of(evidence: Evidence, every: xr.DataArray) -> dict[str, list[str]]:
    """The features of each model: the margin alone, with what the picture does, and all."""
    names = [str(name) for name in every.feature.values.tolist()]
    picture = drift_at(of_picture(evidence))
    models = {MARGIN: names[:1]} | ({PICTURE: [MARGIN, picture]} if picture in names else {})
    return models | ({ALL_OF_THEM: names} if len(names) > 1 + (picture in names) else {})


def by_family(evidence: Evidence, happened: xr.DataArray) -> xr.DataArray:
    """(family, [model], bound) how often it does, of single families, and the mean of these."""
    table = evidence.by_family(statistics.SHARE, happened.transpose("sample", "condition", ...))
    single = [name for name in table.family.values.tolist() if name not in evidence.unions]
    parts: list[xr.DataArray] = [
        table["value"].sel(family=single),
        table["mean_of_families"].sel(family=[statistics.ALL]),
    ]
    return xr.concat(parts, "family")


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What drift adds to the clean margin, on average over the families and images that were not fitted."""
    every = data.sel(family=statistics.ALL)
    plain = every.sel(model=MARGIN)
    sentences = [
        say(
            data,
            "Under perturbations and on images that were not fitted, the clean margin tells flips with AUROC {plain} "
            "and Brier score {brier} (means over {count} families).",
            plain=Number(plain.auroc, cases=float(every.flips)),
            brier=Number(plain.brier, 3),
            count=int(data.auroc.sel(model=MARGIN, bound="estimate").notnull().sum()) - 1,
        )
    ]
    for model in data.added.values.tolist():
        sentences.append(gained(data, model))
    return said(*sentences)


def gained(data: xr.Dataset, model: str) -> Sentence | None:
    """What the features of a model add, and what is left of flips where the likelier half is given up."""
    own = data.sel(family=statistics.ALL, model=model, added=model)
    gain = Number(own.auroc_gain, signed=True, cases=float(own.flips))
    single = data.auroc_gain.sel(added=model, family=data.family != statistics.ALL)
    half = [data.risk.sel(family=statistics.ALL, model=each).sel(coverage=0.5) for each in (model, MARGIN)]
    certain = f", whose interval {'excludes' if gain.excludes_zero else 'includes'} 0"
    what = {
        PICTURE: f"Drift at {data.attrs['picture']}, before any question is read,",
        ALL_OF_THEM: f"All that is read in the forward that answers ({data.attrs['features']})",
    }
    return say(
        data,
        "{what} changes that by {gain}{certain} ({more} families gain and {less} lose beyond their own intervals), the "
        "Brier score by {brier}; of the half of the answers least likely to flip {kept} do instead of {before}.",
        what=what[model],
        gain=gain,
        certain=certain if np.isfinite(gain.bounds).all() else "",
        more=int((single.sel(bound="low") > 0).sum()),
        less=int((single.sel(bound="high") < 0).sum()),
        brier=Number(own.brier_gain, 3, signed=True),
        kept=share(half[0].values),
        before=share(half[1].values),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How well flips are told by family, and the risk that is left at each coverage."""
    from ..figures import curves, intervals, stacked

    models = {name: data.sel(model=name, drop=True) for name in data.model.values.tolist()}
    told = intervals.chart(
        {name: each.auroc for name, each in models.items()},
        along="family",
        axis="AUROC on a family that was not fitted [0.5: nothing told]",
        about="AUROC of flips by the family left out, with 95 % intervals, by the clean margin and with drift.",
        unions=data.attrs["unions"],
        reference=0.5,
    )
    risk = curves.chart(
        {name: each.risk.sel(family=statistics.ALL, drop=True) for name, each in models.items()},
        curves.Axes("answers kept [share]", "flips among them [%]"),
        along="coverage",
        about="Share of flips among the answers kept, the likeliest to flip given up first; mean over families.",
        scale=100,
    )
    return told if risk is None or told is None else stacked.chart(told, risk)


ANALYSIS = Analysis(
    name="failure_prediction",
    title="Flips told from the clean margin and {features}",
    meaning="Logistic regressions fitted on all families but one and tested on that one, on images that were not "
    "fitted either: no family and no image is on both sides; the last row is the mean over families. AUROC 0.5: "
    "nothing told. Drift is read in the forward that answers: what it adds is said of a flip, not before it.",
    needs=("options", "states"),
    compute=compute,
    columns=(
        Column("flips", "flips", digits=0),
        Column("auroc", "AUROC, {model}"),
        Column("auroc_gain", "gain, {added}"),
        Column("brier", "Brier score, {model}", digits=3, meaning="Mean square of probability less 0 or 1."),
        Column("aurc", "risk, {model}", digits=3, meaning="The mean share of flips among the answers kept, over all "
               "shares of answers that could be, the likeliest to flip given up first."),
        percent("true_rate", "flip rate"),
        percent("expected_rate", "by threshold, {model}", meaning="A family's flip rate without its answers: the pairs "
                "above the threshold that as many fitted pairs exceed as flip among them (ATC)."),
    ),
    finding=finding,
    figure=figure,
    on_request=True,
)  # fmt: skip
