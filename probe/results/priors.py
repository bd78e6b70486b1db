"""Whether perturbed answers and states go where the model goes when it sees nothing."""

import numpy as np
import xarray as xr

from analyses import priors

from .evidence import Evidence
from .result import Result, estimate

PRIOR = "white"
"""The condition that stands for seeing nothing: HI's blank image."""

COLUMNS = {"margin": ("margin, median", 2, 1), "state": ("state", 2, 1), "lands": ("flips that land there %", 1, 100)}


def compute(evidence: Evidence) -> Result | None:
    """Drift to prior of margin, state and choice; None for a run without the condition `white`."""
    if PRIOR not in evidence.run.conditions.condition.values:
        return None
    data = xr.Dataset()
    if evidence.asked:
        data = data.assign(of_margins(evidence)).assign(of_choices(evidence))
    if evidence.site:
        data = data.assign(of_states(evidence))
    if not data:
        return None
    rows = tuple(
        {"family": name}
        | {
            heading: estimate(data[quantity].sel(family=name), digits, factor)
            for quantity, (heading, digits, factor) in COLUMNS.items()
            if quantity in data
        }
        for name in data.family.values.tolist()
        if name not in ("clean", "any", PRIOR)
    )
    meaning = (
        "0: as on the clean image, 1: as on a white one. Single margins divide by small numbers: hence the median."
    )
    return Result("priors", "Drift to prior", data, rows, meaning, findings(data))


def of_margins(evidence: Evidence) -> dict[str, xr.DataArray]:
    """D2P of the margin: the median over pairs, because single ones divide by a small difference."""
    margin = evidence.margin
    clean, prior = (margin.sel(condition=name, drop=True) for name in ("clean", PRIOR))
    along = evidence.split(priors.margin_drift(clean, margin, prior))
    return {"margin": evidence.medians(along), "margin_mean": evidence.means(along).value}


def of_choices(evidence: Evidence) -> dict[str, xr.DataArray]:
    """Share of flips that land on the prior's choice."""
    prior = evidence.choice.sel(condition=PRIOR, drop=True)
    landed = evidence.split(priors.lands_on_prior(evidence.choice, evidence.clean_choice, prior))
    return {"lands": evidence.rate(landed)}


def of_states(evidence: Evidence) -> dict[str, xr.DataArray]:
    """Drift to prior of the state that speaks for the model."""
    states = evidence.speaking
    clean, prior = (states.sel(condition=name, drop=True) for name in ("clean", PRIOR))
    along = evidence.split(priors.embedding_drift(clean, states, prior))
    return {"state": evidence.means(along).value}


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """How often a flip lands on what the model says without seeing anything."""
    if "lands" not in data:
        return ()
    lands = data.lands.drop_sel(family=["clean", "any", PRIOR], errors="ignore")
    middle = lands.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return ()
    most = lands.isel(family=int(middle.argmax("family", skipna=True)))
    return (
        f"Where answers flip, they land on the answer to a white image most under {most.family.item()} "
        f"({estimate(most, 1, 100)} % of its flips).",
    )
