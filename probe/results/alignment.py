"""Whether the arrangement of the inputs survives: who is near whom, before and under a perturbation."""

import numpy as np
import xarray as xr

from analyses import alignment

from .evidence import Evidence
from .result import Result, estimate

NEIGHBOURS = 10


def compute(evidence: Evidence) -> Result | None:
    """Linear CKA and shared nearest neighbours of clean and perturbed states; None where states are missing or few."""
    if not evidence.site:
        return None
    states = evidence.speaking
    samples = states.sizes["sample"]
    if samples < 4:
        return None
    k = min(NEIGHBOURS, samples - 1)
    clean = states.sel(condition="clean", drop=True)
    views = [states.isel(condition=place, drop=True) for place in range(states.sizes["condition"])]
    along = {name: states[name].variable for name in ("condition", "family", "severity")}
    overlap = xr.concat([alignment.neighbour_overlap(clean, view, k=k) for view in views], "condition")
    cka = xr.concat([alignment.cka(clean, view) for view in views], "condition").assign_coords(along)
    pairs = evidence.split(overlap.assign_coords(along).transpose("sample", "condition"))
    data = xr.Dataset({"mutual_knn": evidence.means(pairs).value, "cka": cka}, attrs={"k": k})
    rows = tuple(
        {
            "family": name,
            f"shared {k} nearest %": estimate(data.mutual_knn.sel(family=name), 1, 100),
            "CKA, least": f"{float(cka.where(cka.family == name).min()):.3f}",
        }
        for name in dict.fromkeys(cka.family.values.tolist())
    )
    meaning = "100 % and 1: every input has the neighbours and the distances that it has on clean images."
    return Result("alignment", f"Arrangement of states at {evidence.site}", data, rows, meaning, findings(data))


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Under which family the arrangement of the inputs is lost most."""
    values = data.mutual_knn.drop_sel(family=["clean", "any"], errors="ignore")
    middle = values.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return ()
    worst = values.isel(family=int(middle.argmin("family", skipna=True)))
    return (
        f"Inputs keep {estimate(worst, 1, 100)} % of their {data.attrs['k']} nearest neighbours under "
        f"{worst.family.item()}, the fewest.",
    )
