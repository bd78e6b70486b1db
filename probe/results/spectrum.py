"""Which spatial frequencies of the token grid change: power in radial bands, per site, layer and family."""

from collections.abc import Sequence

import xarray as xr

from analyses import spectral, statistics

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Sentence, said, say, share

NAMES = ("low", "middle", "high")


def compute(evidence: Evidence) -> xr.Dataset:
    """(site_layer, family, band, bound) relative change of the token spectrum."""
    sites = [site for site in evidence.run.sites if "spectrum" in evidence.stored(site)]
    data = xr.concat([at_site(evidence, site) for site in sites], "site_layer", join="outer")
    return data.assign_attrs(site_layer=data.site_layer.values[-1])


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Everything about one site, for each layer; nan where a picture's grid of tokens is not that of the clean one."""
    power, grid = evidence.stored(site).spectrum.load(), evidence.run.site(site).grid.load()
    clean, clean_grid = (array.sel(condition="clean", drop=True) for array in (power, grid))
    change = spectral.relative_change(clean, power, clean_grid=clean_grid, perturbed_grid=grid)
    regridded = (power - clean).where(~change.same_grid)  # defined where only the grid forbids it
    tables = [
        evidence.by_family(statistics.MEAN, evidence.split(evidence.to_samples(pairs)))
        for pairs in (change.drop_vars("same_grid"), regridded.isel(band=0, drop=True))
    ]
    data = xr.Dataset({"change": tables[0].value, "defined": tables[0].defined, "undefined": tables[0].undefined})
    data = data.assign(other_grid=tables[1].defined)
    count = data.sizes["band"]
    bands = list(NAMES) if count == len(NAMES) else [f"band {number}" for number in range(count)]
    return evidence.by_site_layer(data.assign_coords(band=bands), site)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How the power of each band changes over all perturbations, at the site and layer of the table."""
    values = data.change.sel(family=statistics.ALL, site_layer=data.attrs["site_layer"])
    bands = [(str(name), share(values.sel(band=name))) for name in values.band.values.tolist()]
    told = [(name, number) for name, number in bands if number.is_said]
    if not told:
        return ()
    return said(
        say(
            data,
            "The power of the token spectrum at {site} changes over all perturbations by {changes}.",
            site=data.attrs["site_layer"],
            changes=", ".join(f"{number} in the {name} band" for name, number in told),
        )
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How the power of each band changes, layer by layer."""
    from ..figures import heat_maps

    return heat_maps.chart(
        data.change,
        legend="change of power [% of clean]",
        about="Change of the power of the token spectrum by band, site, layer and family.",
        scale=100,
        without=("clean",),
        diverging=True,
    )


ANALYSIS = Analysis(
    name="spectrum",
    title="Token spectrum at {site_layer}",
    meaning="Change of the power of the token grid in each band of frequency, in % of its clean power; "
    "undefined where the grid is not the clean one.",
    needs=("spectra",),
    compute=compute,
    columns=(
        percent("change", "{band}"),
        Column(
            "other_grid", "pairs on another grid", digits=0, meaning="They have no change: power grows with the grid."
        ),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
