"""What one analysis says of a run: numbers for machines, rows for the terminal, sentences for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

Row = dict[str, str]


@dataclass(frozen=True)
class Result:
    """`data` is what is written into the run and to CSV and JSON; `rows` are the part of it that a terminal shows.

    `meaning` says in a sentence how to read the rows; `findings` say what was found and how sure it is.
    """

    name: str
    title: str
    data: xr.Dataset
    rows: tuple[Row, ...]
    meaning: str
    findings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; nan becomes null."""
        return {"title": self.title, "findings": list(self.findings), "data": plain(self.data.to_dict())}


def csv_tables(name: str, data: xr.Dataset) -> dict[str, Any]:
    """A tidy pandas table per set of dimensions, under a name that tells them.

    >>> tables = csv_tables("flips", xr.Dataset({"ifr": ("family", [0.5, 0.25])}, coords={"family": ["a", "b"]}))
    >>> tables["flips_by_family"].ifr.tolist()
    [0.5, 0.25]
    """
    sets: dict[tuple[str, ...], list[str]] = {}
    for variable, values in data.data_vars.items():
        sets.setdefault(tuple(map(str, values.dims)), []).append(str(variable))
    tables: dict[str, Any] = {}
    for dims, variables in sets.items():
        part = data[variables].reset_coords(drop=True)
        stem = f"{name}_by_{'_'.join(dims)}" if dims else name
        tables[stem] = (part if dims else part.expand_dims("run")).to_dataframe()
    return tables


def plain(value: Any) -> Any:
    """Lists, texts and finite numbers throughout.

    >>> plain({"a": (np.float64("nan"), np.int64(2))})
    {'a': [None, 2]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence | np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def estimate(values: Any, digits: int, factor: float = 1.0) -> str:
    """An estimate with its interval as text, a dash where undefined.

    >>> estimate([0.5, 0.25, 0.75], 1, 100), estimate([0.5, np.nan, np.nan], 2), estimate([np.nan] * 3, 2)
    ('50.0 [25.0, 75.0]', '0.50', '–')
    """
    middle, low, high = (float(number) * factor for number in np.asarray(values))
    if not np.isfinite(middle):
        return "–"
    interval = f" [{low:.{digits}f}, {high:.{digits}f}]" if np.isfinite([low, high]).all() else ""
    return f"{middle:.{digits}f}{interval}"
