"""From labelled numbers to the rows of a chart: an estimate with its interval, a label for each dimension."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import altair as alt
import numpy as np
import xarray as xr

from .words import distinct

MOST = 4000
"""Rows of a chart: it shows aggregates, so that a page of many stays small."""

PERTURBATION, UNION, CONTROL = "perturbation", "several families", "control"
"""What a family is: one that perturbs, several taken together, or a control, which is drawn hollow."""

Row = dict[str, Any]


def of(values: xr.DataArray, *, scale: float = 1.0, **beside: Any) -> list[Row]:
    """A row for each defined number of (..., [bound]): `value`, `low` and `high`, and a text for each other dimension.

    `low` and `high` are None where there is no interval. Infinite and undefined numbers have no row. `beside` is put
    into each row. Raises ValueError for more than `MOST` rows.
    """
    dims = [str(dim) for dim in values.dims if dim != "bound"]
    bounded = "bound" in values.dims
    order = values.transpose(*dims, *(["bound"] if bounded else []))
    numbers = np.asarray(order.values, np.float64) * scale
    names = [order[dim].values.tolist() if dim in order.coords else list(range(order.sizes[dim])) for dim in dims]
    made: list[Row] = []
    for place in product(*(range(len(each)) for each in names)):
        three = numbers[place] if bounded else np.array([numbers[place], np.nan, np.nan])
        if np.isfinite(three[0]):
            where = {dim: names[axis][at] for axis, (dim, at) in enumerate(zip(dims, place, strict=True))}
            low, high = (rounded(each) for each in three[1:])
            whole = None not in (low, high)
            made.append({**where, "value": rounded(three[0]), "low": low if whole else None,
                         "high": high if whole else None, **beside})  # fmt: skip
    if len(made) > MOST:
        raise ValueError(f"a chart of {len(made)} numbers: it shows at most {MOST}. Give it a part of them.")
    return made


def rounded(number: float) -> float | None:
    """Six digits, more than a chart shows; None where it is not finite.

    >>> rounded(1 / 3), rounded(float("nan"))
    (0.333333, None)
    """
    return float(f"{number:.6g}") if np.isfinite(number) else None


def named(made: Sequence[Row], dim: str, names: Mapping[str, str]) -> list[Row]:
    """The rows with the labels of a dimension as they are shown."""
    return [{**row, dim: names[str(row[dim])]} for row in made]


def roles(labels: Sequence[object], unions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What each family is; without unions all are alike.

    >>> roles(["clean", "fog", "all"], {"all": ["fog"]})
    {'clean': 'control', 'fog': 'perturbation', 'all': 'several families'}
    """
    held = {family for families in unions.values() for family in families}
    return {
        str(name): UNION if name in unions else PERTURBATION if name in held or not unions else CONTROL
        for name in map(str, labels)
    }


def shown_names(made: Sequence[Row], dim: str, *, longest: int | None = None) -> Mapping[str, str]:
    """The names of a dimension, in the order in which the rows have them."""
    found = dict.fromkeys(str(row[dim]) for row in made)
    return distinct(found) if longest is None else distinct(found, longest=longest)


def inline(made: Sequence[Row]) -> alt.InlineData:
    """The rows as data of a chart."""
    return alt.InlineData(values=list(made))


TEXTS = frozenset({"label", "series", "site", "column"})
"""Fields of rows that are names."""

BOUNDS = {"low": "95 % from", "high": "95 % to"}


def tooltip(**titles: str) -> list[alt.Tooltip]:
    """What is said of a mark when it is pointed at: fields of its row by what they are called there."""
    return [
        alt.Tooltip(f"{name}:N", title=title) if name in TEXTS else alt.Tooltip(f"{name}:Q", title=title, format=".4~g")
        for name, title in titles.items()
    ]
