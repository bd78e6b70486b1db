"""Whether the arrangement of the inputs survives: who is near whom, before and under a perturbation."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import alignment, statistics

from .analysis import Analysis, Column, percent
from .evidence import Evidence
from .sentences import lowest, share

NEIGHBOURS = 10
FEWEST = 4
"""Samples below which neighbours mean nothing."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) shared nearest neighbours of clean and perturbed states, and (condition) linear CKA."""
    states = evidence.primary_states
    if states.sizes["sample"] < FEWEST:
        return None
    k = min(NEIGHBOURS, states.sizes["sample"] - 1)
    clean = states.sel(condition="clean", drop=True)
    views = [states.isel(condition=place, drop=True) for place in range(states.sizes["condition"])]
    along = {name: states[name].variable for name in ("condition", "family", "severity")}
    overlap = xr.concat([alignment.neighbour_overlap(clean, view, k=k) for view in views], "condition")
    cka = xr.concat([alignment.cka(clean, view) for view in views], "condition").assign_coords(along)
    table = evidence.by_family(
        statistics.MEAN, evidence.split(overlap.assign_coords(along).transpose("sample", "condition"))
    )
    return xr.Dataset(
        {"mutual_knn": table.value, "least_cka": least(cka, table.family), "cka": cka.drop_vars("family")},
        attrs={"k": k, "site_layer": evidence.primary},
    )


def least(cka: xr.DataArray, families: xr.DataArray) -> xr.DataArray:
    """(family) the smallest CKA among a family's conditions; nan for unions."""
    values = [cka.where(cka.family == name).min().item() for name in families.values.tolist()]
    return xr.DataArray(np.asarray(values), dims="family", coords={"family": families.values})


def finding(data: xr.Dataset) -> Sequence[str]:
    """Under which family the arrangement of the inputs is lost most."""
    worst = lowest(data, "mutual_knn")
    if worst is None:
        return ()
    kept, family = share(worst), worst.family.item()
    return (f"Inputs keep {kept} of their {data.attrs['k']} nearest neighbours under {family}, the fewest.",)


ANALYSIS = Analysis(
    name="alignment",
    title="Arrangement of states at {site_layer}, {k} nearest neighbours",
    meaning="100 % and 1: every input has the neighbours and the distances that it has on clean images.",
    needs=("states",),
    compute=compute,
    columns=(percent("mutual_knn", "shared nearest"), Column("least_cka", "CKA, least", digits=3)),
    finding=finding,
)
