"""At which depth states first move beyond control behind answers that stay, per family of perturbations."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import drift, instability, statistics

from .analysis import Analysis, Column
from .evidence import Evidence


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(site, family) the first layer beyond control, of sites stored at several layers; None where there is none."""
    deep = [site for site in evidence.run.sites if evidence.stored(site).sizes["layer"] > 1]
    if not deep or not evidence.flipped.notnull().any():
        return None
    data = xr.concat([at_site(evidence, site) for site in deep], xr.IndexVariable("site", deep), join="outer")
    return data.assign_attrs(least=f"{100 * instability.LEAST:.0f}")


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """(family) first_layer, and (family, layer, bound) hidden shares, of one site."""
    return instability.where_first(
        evidence.drift(site),
        drift.control_pairs(evidence.clean_states(site), seed=evidence.seed),
        evidence.flipped,
        unions=evidence.unions,
        seed=evidence.seed,
    )


def finding(data: xr.Dataset) -> Sequence[str]:
    """The first layer over all perturbations, at each site where there is something to tell."""
    first = data.first_layer.sel(family=statistics.ALL)
    share = data.hidden.sel(family=statistics.ALL)
    told = [site for site in data.site.values.tolist() if share.sel(site=site, bound="low").notnull().any()]
    return [_sentence(site, first.sel(site=site).item(), share.sel(site=site)) for site in told]


def _sentence(site: str, layer: float, hidden: xr.DataArray) -> str:
    if not np.isfinite(layer):
        return f"At {site} no layer moves beyond control behind the answers that stayed, over all perturbations."
    low, high = (100 * hidden.sel(layer=layer, bound=bound).item() for bound in ("low", "high"))
    return (
        f"At {site} states first move beyond control at layer {layer:.0f}, over all perturbations: behind "
        f"{low:.1f} to {high:.1f} % of the answers that stayed."
    )


ANALYSIS = Analysis(
    name="where_first",
    title="First layer beyond control",
    meaning="The shallowest layer at which more than {least} % of the answers that stayed sit on a state as far off as "
    "unrelated ones, by the lower end of the interval by image; – where no layer does.",
    needs=("options", "states"),
    compute=compute,
    columns=(Column("first_layer", "{site}", digits=0),),
    finding=finding,
    hidden_rows=("clean",),
)
