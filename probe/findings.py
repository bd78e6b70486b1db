"""What a table of numbers says, in sentences: what was seen, where, and how sure it is."""

import numpy as np
import xarray as xr

from .measures import OWN, Measures

QUANTILE = 0.05
"""A drift beyond this quantile of the control distances reaches where unrelated samples lie."""


def say(measures: Measures, table: xr.DataArray) -> tuple[str, ...]:
    """One sentence per finding, each with its numbers; findings that the run does not support are left out."""
    sentences = (most_flips(table), most_drift(table), hidden(measures), erosion(table), accuracy(table))
    return tuple(sentence for sentence in sentences if sentence)


def most_flips(table: xr.DataArray) -> str:
    """How often answers changed, and under which family most."""
    name = largest(table, "ifr")
    if name is None:
        return ""
    return (
        f"Outside: {share(table, 'any', 'ifr')} of all answers flipped, and {share(table, 'any', 'iv')} of the "
        f"questions flipped at least once; most under {name} ({share(table, name, 'ifr')})."
    )


def most_drift(table: xr.DataArray) -> str:
    """How far states moved on the scale of unrelated samples, and where the most per flip."""
    name = largest(table, "drift_percent")
    if name is None:
        return ""
    return (
        f"Inside: states moved by {number(table, 'any', 'drift_percent', 1)} % of the distance between unrelated "
        f"samples; farthest under {name} ({number(table, name, 'drift_percent', 1)} %)."
    )


def hidden(measures: Measures) -> str:
    """How many unchanged answers hide a state that moved to where unrelated samples lie (definitions, section 9)."""
    told = (measures.flipped.family != "clean") & (measures.flipped.family != OWN)
    kept = (measures.flipped == 0) & told & measures.drift.notnull()
    pairs = int(kept.sum())
    if not pairs:
        return ""
    limit = float(measures.control_pairs.quantile(QUANTILE))
    moved = float((measures.drift > limit).where(kept).sum()) / pairs
    return (
        f"Hidden: of {pairs:,} answers that did not change, {100 * moved:.1f} % sit on a state that moved farther than "
        f"the nearest {100 * QUANTILE:.0f} % of unrelated pairs lie apart."
    )


def erosion(table: xr.DataArray) -> str:
    """Where the lead of the clean choice shrinks most, and whether the interval excludes none at all."""
    name = largest(table, "margin_erosion")
    if name is None:
        return ""
    low, high = (float(table.sel(family=name, quantity="margin_erosion", bound=bound)) for bound in ("low", "high"))
    sure = "the interval excludes 0" if low > 0 or high < 0 else "the interval includes 0"
    lost = number(table, name, "margin_erosion", 2)
    return f"Margins: the clean choice loses most of its lead under {name} ({lost} nats; {sure})."


def accuracy(table: xr.DataArray) -> str:
    """What the perturbations cost in accuracy."""
    values = table.sel(bound="estimate", quantity="accuracy").drop_sel(family=["clean", "any", OWN], errors="ignore")
    if not np.isfinite(values).any():
        return ""
    worst = str(values.family.values[int(values.argmin("family", skipna=True))])
    clean, lowest = share(table, "clean", "accuracy"), share(table, worst, "accuracy")
    return f"Accuracy: {clean} on clean images, lowest under {worst} ({lowest})."


def largest(table: xr.DataArray, quantity: str) -> str | None:
    """The family with the largest estimate; None where none is defined."""
    values = table.sel(bound="estimate", quantity=quantity).drop_sel(family=["clean", "any", OWN], errors="ignore")
    if not np.isfinite(values).any():
        return None
    return str(values.family.values[int(values.argmax("family", skipna=True))])


def share(table: xr.DataArray, family: str, quantity: str) -> str:
    """A share as percent with its interval.

    >>> bounds = xr.DataArray([[[0.5, 0.25, 0.75]]], dims=["family", "quantity", "bound"],
    ...     coords={"family": ["any"], "quantity": ["ifr"], "bound": ["estimate", "low", "high"]})
    >>> share(bounds, "any", "ifr")
    '50.0 % [25.0, 75.0]'
    """
    estimate, low, high = 100 * table.sel(family=family, quantity=quantity).values
    return f"{estimate:.1f} % [{low:.1f}, {high:.1f}]"


def number(table: xr.DataArray, family: str, quantity: str, digits: int) -> str:
    """A number with its interval."""
    estimate, low, high = table.sel(family=family, quantity=quantity).values
    return f"{estimate:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
