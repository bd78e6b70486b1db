"""Which answers can be trusted not to flip: the clean margin that bounds flips among them, tested on other images."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import decisions, labels, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share

ALPHAS = (0.05, 0.1, 0.2)
"""Shares of flips among an image's trusted answers that are allowed."""

SHOWN = 0.1

Places = NDArray[np.intp]


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(alpha, family) least margin; (alpha, family, bound) what is trusted, and how often that flips.

    One half of the images, drawn by the seed, calibrates, the other tests; None for a single image.
    """
    margin = evidence.margin.sel(condition="clean").reset_coords(drop=True)
    margin = margin.assign_coords(image=("sample", evidence.run.answers.image.values))
    flipped = evidence.flipped.where(evidence.flipped.family != "clean")
    groups = conditions(evidence, flipped)
    fitting, testing = halves(evidence)
    if not groups or not len(testing) or not margin.notnull().any():
        return None
    tables: list[xr.Dataset] = []
    for alpha in ALPHAS:
        least = {
            name: decisions.conformal_margin(
                margin.isel(sample=fitting), flipped.isel(sample=fitting, condition=places), alpha=alpha
            )
            for name, places in groups.items()
        }
        kept, verdicts = margin.isel(sample=testing), flipped.isel(sample=testing)
        rows = [
            of_family(kept, verdicts.isel(condition=places), least[name], least.get(statistics.ALL, least[name]))
            for name, places in groups.items()
        ]
        tables.append(xr.concat(rows, "family"))
    data = xr.concat(tables, xr.IndexVariable("alpha", list(ALPHAS))).assign_coords(family=list(groups))
    names = evidence.run.answers.image.values
    counted = {"calibrated": len(np.unique(names[fitting])), "tested": len(np.unique(names[testing]))}
    return data.transpose("alpha", "family", "bound").assign_attrs(counted)


def conditions(evidence: Evidence, flipped: xr.DataArray) -> dict[str, Places]:
    """The places of the conditions of each family but the clean one, then of each union that holds any."""
    families = {name: places for name, places in labels.families(flipped, "family").items() if name != "clean"}
    unions = {name: labels.places(families, held) for name, held in evidence.unions.items() if held}
    return {name: places.astype(np.intp) for name, places in {**families, **unions}.items()}


def halves(evidence: Evidence) -> tuple[Places, Places]:
    """The samples of one half of the images and those of the other, whatever the order of the run."""
    images = evidence.run.answers.image.values.astype(str)
    names = np.unique(images)
    first = np.random.default_rng(evidence.seed).permutation(names)[: -(-len(names) // 2)]
    inside = np.isin(images, first)
    return np.flatnonzero(inside), np.flatnonzero(~inside)


def of_family(kept: xr.DataArray, verdict: xr.DataArray, own: xr.DataArray, common: xr.DataArray) -> xr.Dataset:
    """What the least margin of a family, and that of all perturbations, come to on images that were kept for it."""
    judged = kept.notnull() & verdict.notnull().any("condition")
    trusted = (kept > own.item()).where(judged & bool(own.notnull()))
    return xr.Dataset(
        {
            "margin": own.reset_coords(drop=True),
            "images": own.images.reset_coords(drop=True),
            "flips_pooled": rate(verdict.where(trusted == 1), kept.image.values),
            "trusted": rate(trusted * 1.0, kept.image.values),
            **{
                title: rate(flips, flips.image.values)
                for title, flips in (
                    ("flips", decisions.trusted_flips(kept, verdict, own.item())),
                    ("flips_common", decisions.trusted_flips(kept, verdict, common.item())),
                    ("flips_of_all", decisions.trusted_flips(kept, verdict, -np.inf)),
                )
            },
        }
    )


def rate(shares: xr.DataArray, images: NDArray[np.str_]) -> xr.DataArray:
    """(bound) the mean of shares (row, ...) with Wilson's interval on their effective number; nan without a row."""
    trials = shares.notnull().astype(np.float64).values
    cases = np.nan_to_num(shares.values)
    flat = [each.sum(axis=tuple(range(1, each.ndim))) for each in (cases, trials)]
    found = statistics.rate(*flat, cluster=images) if len(images) else [np.nan] * len(statistics.BOUNDS)
    return xr.DataArray(np.array(found), dims="bound", coords={"bound": list(statistics.BOUNDS)})


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """From which margin on answers are trusted, what that is worth, and under which assumption."""
    if statistics.ALL not in data.family.values:
        return ()
    here = data.sel(family=statistics.ALL, alpha=SHOWN)
    if np.isnan(here.margin):
        return said(
            say(
                data,
                "Which answers flip in at most {alpha} % of the cases cannot be said: that takes {needed} images to "
                "calibrate on, there are {images}.",
                alpha=f"{100 * SHOWN:g}",
                needed=round(1 / SHOWN - 1),
                images=int(here.images),
            )
        )
    return said(
        say(
            data,
            "Answers with a clean margin above {margin} nats are trusted, {trusted} of those to held-out images: under "
            "all perturbations of this run together at most {alpha} % of an image's trusted answers flip, on average "
            "over images exchangeable with the {images} that it was calibrated on, one without a trusted answer "
            "counting as 0, and under no other perturbation. On {tested} held-out images {flips} did; of the trusted "
            "answers themselves, which that does not bound, {pooled} flip, of all {all}.",
            margin=Number(here.margin),
            trusted=share(here.trusted),
            alpha=f"{100 * SHOWN:g}",
            images=int(here.images),
            tested=int(data.attrs["tested"]),
            flips=share(here.flips),
            pooled=share(here.flips_pooled) if here.flips_pooled.notnull().all() else "none",
            all=share(here.flips_of_all),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How often trusted answers to held-out images flip, beside all answers, and what share is trusted."""
    from ..figures import intervals, stacked

    here = data.sel(alpha=SHOWN)
    flips = intervals.chart(
        {"trusted": here.flips, "trusted at the margin of all": here.flips_common, "all answers": here.flips_of_all},
        along="family",
        axis="flips on held-out images [%]",
        about="Share of an image's trusted answers that flip on held-out images, by family, with 95 % intervals; the "
        "line is the bound.",
        scale=100,
        unions=data.attrs["unions"],
        reference=100 * SHOWN,
    )
    trusted = intervals.chart(
        {"trusted": here.trusted},
        along="family",
        axis="trusted answers [%]",
        about="Share of the answers to held-out images that is trusted, by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
    )
    return stacked.chart(flips, trusted)


AT = {"alpha": SHOWN}

ANALYSIS = Analysis(
    name="trust",
    title=f"Answers trusted not to flip, at most {100 * SHOWN:g} % of an image's",
    meaning="Trusted: with a clean margin above the least one that bounds the flips among an image's trusted answers "
    f"by α = {100 * SHOWN:g} % on average over exchangeable images (conformal risk control on {{calibrated}} images); "
    "flips: what came of that on {tested} others, an image without a trusted answer counting as 0.",
    needs=("options",),
    compute=compute,
    columns=(
        Column("margin", "margin", unit="nats", at=AT),
        percent("trusted", "trusted", at=AT),
        percent("flips", "flips of trusted", at=AT),
        percent("flips_pooled", "of all trusted pairs", at=AT, meaning="Not bounded: where few images have a trusted "
                "answer, these may flip more often than an image's do on average."),
        percent("flips_common", "at the margin of all", at=AT, meaning="Flips of what the margin of all perturbations "
                "together trusts: that bound is for the mixture, not for each family."),
        percent("flips_of_all", "flips of all", at=AT),
    ),
    finding=finding,
    figure=figure,
)  # fmt: skip
