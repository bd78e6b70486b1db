"""The transcribed tables as labelled arrays."""

import csv
from pathlib import Path

import numpy as np
import xarray as xr

FOLDER = Path(__file__).parent / "tables"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one table, as text."""
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def table(name: str, *dims: str, value: str = "value", **chosen: str) -> xr.DataArray:
    """One column of a table over the columns `dims`, of the rows that hold what is `chosen`.

    Labels come in order of first appearance, severities as numbers; nan where there is no row, or no number in it.
    """
    kept = [row for row in rows(name) if all(row[column] == held for column, held in chosen.items())]
    labels = {dim: list(dict.fromkeys(row[dim] for row in kept)) for dim in dims}
    values = np.full([len(found) for found in labels.values()], np.nan)
    for row in kept:
        place = tuple(labels[dim].index(row[dim]) for dim in dims)
        assert np.isnan(values[place]), f"{name}: two rows for {row}"
        values[place] = np.nan if row[value] == "NA" else float(row[value])
    coords = {dim: [int(one) for one in found] if dim == "severity" else found for dim, found in labels.items()}
    return xr.DataArray(values, coords=coords)
