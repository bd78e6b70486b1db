"""What each family does to the pictures, band by band of spatial frequency, and what it did where answers flipped.

Source: Wani et al. 2026; definitions, section 7.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import spectral, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, lowest, said, say

BANDS = ("low", "middle", "high")

ROUNDING = 1e-6
"""Share of the clean power below which a change is rounding: float32 is stored, and computed to 1e-7."""


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, band, bound) change of the pictures' power, over all pairs and over those whose answer flipped."""
    relative = relative_change(evidence)
    table = evidence.by_family(statistics.MEAN, relative)
    data = xr.Dataset(
        evidence.compared("relative_change", statistics.MEAN, relative)
        | {"change": evidence.values(statistics.MEAN, change(evidence))}
        | {"pairs": table.defined, "undefined": table.undefined}
    )
    if evidence.has_answers:
        flips = evidence.by_family(statistics.MEAN, relative.where(evidence.flipped == 1))
        data = data.assign(of_flips=flips.value, of_flips_mean_of_families=flips.mean_of_families)
        data = data.assign(flips=flips.defined.isel(band=0, drop=True))
    return data


def relative_change(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, band) (perturbed - clean) / (|clean| + 1e-8) of each sample's picture, overlays split."""
    clean, power = _power(evidence)
    return evidence.split(evidence.to_samples(_beyond_rounding(spectral.relative_change(clean, power), clean, power)))


def change(evidence: Evidence) -> xr.DataArray:
    """(sample, condition, band) perturbed - clean, in squared levels."""
    clean, power = _power(evidence)
    return evidence.split(evidence.to_samples(_beyond_rounding(spectral.change(clean, power), clean, power)))


def _power(evidence: Evidence) -> tuple[xr.DataArray, xr.DataArray]:
    """(image, band) of the clean and (image, condition, band) of all pictures: mean over the colours."""
    power = evidence.run.pictures.band_power.load().astype(float)
    power = power.mean("channel", skipna=False).assign_coords(band=list(BANDS))
    return power.sel(condition="clean", drop=True), power


def _beyond_rounding(moved: xr.DataArray, clean: xr.DataArray, power: xr.DataArray) -> xr.DataArray:
    """0 where power differs by no more than it is rounded: a shifted picture has the power that it had."""
    return xr.where(abs(power - clean) <= ROUNDING * abs(clean), 0.0, moved, keep_attrs=True).transpose(*moved.dims)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which families fine structure grows and shrinks by the highest share, and what flips had."""
    fine = data.sel(band="high", drop=True).assign_attrs(data.attrs)
    return said(extreme(fine, "grows"), extreme(fine, "shrinks"), of_flips(data))


def extreme(fine: xr.Dataset, verb: str) -> Sentence | None:
    """Under which family the high band grows, or shrinks, by the highest mean share; nothing where that may be 0."""
    most = (highest if verb == "grows" else lowest)(fine, "relative_change")
    change = None if most is None else Number(most.values, 1, 100, "%", signed=True)
    if most is None or change is None or (change.estimate > 0) != (verb == "grows") or not change.excludes_zero:
        return None
    return say(
        fine,
        "The images themselves: the power of their high band {verb} {word} under {family}: {change} of its clean "
        "power{standing}.",
        verb=verb,
        word=most.named("most", "by the highest share"),
        family=most.label,
        change=change,
        standing=most.standing,
    )


def of_flips(data: xr.Dataset) -> Sentence | None:
    """What all pairs had in each band, and those that flipped, families weighing alike."""
    if "of_flips" not in data:
        return None
    if not np.isfinite(data.of_flips.sel(family=list(data.attrs["unions"][statistics.ALL]), bound="estimate")).all():
        return None  # the means would be over different families
    here, flips = data.sel(family=statistics.ALL), int(data.flips.sel(family=statistics.ALL))
    alike, of_flips = here.relative_change_mean_of_families, here.of_flips_mean_of_families
    shares = {band: Number(of_flips.sel(band=band), 1, 100, "%", cases=flips, signed=True) for band in BANDS}
    whole = {band: Number(alike.sel(band=band), 1, 100, "%", signed=True) for band in BANDS}
    return say(
        data,
        "Averaged equally over families, the images' low, middle and high bands change by {low}, {middle} and {high} "
        "over all pairs, by {flip_low}, {flip_middle} and {flip_high} in the {flips} whose answer flipped; the "
        "differences are not tested.",
        flips=f"{flips:,}",
        **whole,
        **{f"flip_{band}": share for band, share in shares.items()},
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How the pictures' power changes in each band."""
    from ..figures import intervals

    return intervals.chart(
        {f"{band} band": data.relative_change.sel(band=band) for band in BANDS},
        along="family",
        axis="change of power [% of clean]",
        about="Change of the pictures' power by band and family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
        without=("clean",),
        reference=0,
    )


ANALYSIS = Analysis(
    name="pixel_spectrum",
    title="Spectrum of the pictures",
    meaning="Change of the pictures' power in each band of frequency, in % of its clean power, the perturbed picture "
    "brought to the clean size first; over all pairs, and over those whose answer flipped.",
    needs=("pixels",),
    compute=compute,
    columns=(
        percent("relative_change", "{band}"),
        percent("of_flips", "{band}, flips"),
        Column("flips", "flips", digits=0, meaning="Pairs whose answer flipped."),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
