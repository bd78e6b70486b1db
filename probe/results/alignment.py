"""Whether the arrangement of the inputs survives: who is near whom, before and under a perturbation."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import alignment, statistics

from .analysis import Analysis, Column, percent
from .evidence import Evidence
from .sentences import Sentence, lowest, said, say, share

NEIGHBOURS = 10
FEWEST = 4
"""Inputs below which no unbiased CKA is defined; with one more, a neighbour is at most a quarter of the others."""

FEW = 20
"""Inputs below which an arrangement is told with a warning."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) shared nearest neighbours of clean and perturbed states, and (condition) linear CKA, two ways.

    Of a site per image every image is one input; the neighbours are at most a quarter of the others.
    """
    states = evidence.primary_states
    if evidence.is_per_image(evidence.primary):  # samples of an image share its state
        states = states.isel(sample=np.sort(np.unique(states.image.values.astype(str), return_index=True)[1]))
    inputs = states.sizes["sample"]
    if inputs < FEWEST:
        return None
    k = min(NEIGHBOURS, (inputs - 1) // 4)
    clean = states.sel(condition="clean", drop=True)
    views = [states.isel(condition=place, drop=True) for place in range(states.sizes["condition"])]
    along = {name: states[name].variable for name in ("condition", "family", "severity")}
    overlap = xr.concat([shared(clean, view, k) for view in views], "condition")
    cka, biased = (
        xr.concat([alignment.cka(clean, view, unbiased=unbiased) for view in views], "condition").assign_coords(along)
        for unbiased in (True, False)
    )
    table = evidence.by_family(
        statistics.MEAN, evidence.split(overlap.assign_coords(along).transpose("sample", "condition"))
    )
    data = {
        "mutual_knn": table.value,
        "least_cka": least(cka, table.family),
        "least_biased_cka": least(biased, table.family),
        "cka": cka.drop_vars("family"),
        "biased_cka": biased.drop_vars("family"),
    }
    chance = k / (inputs - 1)
    scale = (
        f"nearest {k} of {inputs} inputs, chance {100 * chance:.0f} %" if k else f"{inputs} inputs, too few for nearest"
    )
    attrs = {"k": k, "inputs": inputs, "chance": chance, "scale": scale, "site_layer": evidence.primary}
    return xr.Dataset(data, attrs=attrs)


def shared(clean: xr.DataArray, view: xr.DataArray, k: int) -> xr.DataArray:
    """(sample) share of the k nearest others that are the same; nan where none are few enough."""
    if k:
        return alignment.neighbour_overlap(clean, view, k=k)
    return clean.isel(feature=0, drop=True).astype(float) * np.nan


def least(cka: xr.DataArray, families: xr.DataArray) -> xr.DataArray:
    """(family) the smallest CKA among a family's conditions; nan for unions."""
    values = [cka.where(cka.family == name).min().item() for name in families.values.tolist()]
    return xr.DataArray(np.asarray(values), dims="family", coords={"family": families.values})


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Under which family the arrangement of the inputs is lost most, beside what chance keeps."""
    worst = lowest(data, "mutual_knn")
    if worst is None:
        return ()
    k = data.attrs["k"]
    return said(
        say(
            data,
            "Inputs keep {kept} of their {nearest} under {family}, the {fewest}; chance keeps {chance}{standing}.",
            kept=share(worst.values),
            nearest="nearest neighbour" if k == 1 else f"{k} nearest neighbours",
            family=worst.label,
            fewest=worst.named("fewest", "lowest share"),
            chance=share([data.attrs["chance"]]),
            standing=worst.standing,
        )
    )


ANALYSIS = Analysis(
    name="alignment",
    title="Arrangement of states at {site_layer}, {scale}",
    meaning="100 % and 1: every input has the neighbours and the distances that it has on clean images. Unrelated "
    "states share neighbours by chance and have a CKA of 0; the biased CKA is larger the fewer inputs there are.",
    needs=("states",),
    compute=compute,
    columns=(
        percent("mutual_knn", "shared nearest"),
        Column("least_cka", "CKA, least", digits=3),
        Column("least_biased_cka", "biased", digits=3),
    ),
    finding=finding,
)
