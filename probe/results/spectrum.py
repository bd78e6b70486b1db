"""Which spatial frequencies of the token grid change: power in radial bands, per site, layer and family."""

import numpy as np
import xarray as xr

from analyses import spectral

from .evidence import Evidence
from .result import Result, estimate

NAMES = ("low", "middle", "high")


def compute(evidence: Evidence) -> Result | None:
    """Relative change of the token spectrum; None where the run kept no tokens' spectra."""
    sites = [site for site in evidence.run.sites if "spectrum" in evidence.stored(site)]
    if not sites:
        return None
    data = xr.concat([at_site(evidence, site) for site in sites], "place", join="outer")
    last = data.isel(place=-1)
    names = NAMES if data.sizes["band"] == len(NAMES) else tuple(map(str, data.band.values))
    rows = tuple(
        {"family": name}
        | {
            f"{band} %": estimate(last.change.sel(family=name).isel(band=place), 1, 100)
            for place, band in enumerate(names)
        }
        for name in data.family.values.tolist()
        if name != "clean"
    )
    meaning = "Change of the power of the token grid in each band of frequency, in % of its clean power."
    return Result("spectrum", f"Token spectrum at {last.place.item()}", data, rows, meaning, findings(data, names))


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """(place, family, band, bound) of one site, a place per layer."""
    power = evidence.stored(site).spectrum.load()
    clean = power.sel(condition="clean", drop=True)
    change = evidence.split(evidence.per_sample(spectral.relative_change(clean, power)))
    table = evidence.means(change)
    data = xr.Dataset({"change": table.value, "defined": table.defined, "undefined": table.undefined})
    return evidence.by_place(data.assign_coords(band=np.arange(data.sizes["band"])), site)


def findings(data: xr.Dataset, names: tuple[str, ...]) -> tuple[str, ...]:
    """The band that changes most over all perturbations."""
    values = data.change.sel(family="any")
    middle = abs(values.sel(bound="estimate"))
    if not np.isfinite(middle).any():
        return ()
    where = middle.argmax(["place", "band"], skipna=True)
    most = values.isel({dim: int(position) for dim, position in where.items()})
    return (
        f"Of the token spectrum the {names[int(most.band)]} band changes most, at {most.place.item()}: "
        f"{estimate(most, 1, 100)} % over all perturbations.",
    )
