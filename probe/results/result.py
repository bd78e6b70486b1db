"""What one analysis found in a run: one Dataset, from which table, page, JSON, CSV and sentences are made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from .analysis import Analysis, Chart, Column

UNDEFINED = "–"
NONE = "none"
"""An infinite number: of layers, that no stored one is so."""


@dataclass(frozen=True)
class Cell:
    """A number as text, and its interval, empty where there is none.

    `numbers` are what the texts are of, in the column's unit: the estimate, then low and high where there are such;
    empty where it is undefined.
    """

    estimate: str
    interval: str = ""
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class Result:
    """The numbers of one analysis of one run: `data` holds all of them, the table shows a part."""

    analysis: Analysis
    data: xr.Dataset

    @property
    def name(self) -> str:
        return self.analysis.name

    @property
    def title(self) -> str:
        """The heading of the table, with what it depends on filled in."""
        return self._filled(self.analysis.title)

    @property
    def meaning(self) -> str:
        """How to read the table."""
        return self._filled(self.analysis.meaning)

    @property
    def unions(self) -> tuple[str, ...]:
        """Which families each union that the table shows holds, a sentence each."""
        if self._along != "family":
            return ()
        shown = self._shown["family"].values.tolist()
        unions = {name: list(held) for name, held in self.data.attrs.get("unions", {}).items() if name in shown}
        lines = [f"{name}: {', '.join(held) or 'no family of this run'}." for name, held in unions.items()]
        held = {family for union in unions.values() for family in union}
        controls = [name for name in shown if name not in held and name not in unions and name != "clean"]
        return (*lines, f"Controls, in no union: {', '.join(controls)}.") if unions and controls else tuple(lines)

    @cached_property
    def findings(self) -> tuple[str, ...]:
        """What was found and how sure it is, a sentence each."""
        return tuple(self.analysis.finding(self.data))

    @property
    def figure(self) -> "Chart | None":
        """The chart, where the analysis draws one and the run holds what it shows."""
        return None if self.analysis.figure is None else self.analysis.figure(self.data)

    @cached_property
    def columns(self) -> tuple[tuple[Column, str, xr.DataArray], ...]:
        """Each column that is shown with its heading and its numbers, along the rows (and `bound`).

        One that no row defines is left out, unless none defines any.
        """
        every = tuple(shown for column in self.analysis.columns for shown in _spread(column, self._shown, self._along))
        if not self._along:
            return every
        names = self._shown[self._along]
        rows = names[~names.isin(self.analysis.hidden_rows)]
        return tuple(each for each in every if bool(each[2].sel({self._along: rows}).notnull().any())) or every

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of the table, that of the rows' names first."""
        return (self._along or "quantity", *((text for _, text, _ in self.columns) if self._along else ("value",)))

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The headings whose columns are explained, each with its explanation."""
        return tuple((text, self._filled(column.meaning)) for column, text, _ in self.columns if column.meaning)

    @cached_property
    def rows(self) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
        """The rows of the table: a name, and a cell for each column.

        Below a family, one row for each kind of question where these have different conditions of it; below a union,
        the mean of its families.
        """
        if not self._along:
            return tuple((text, (_cell(column, values),)) for column, text, values in self.columns)
        labels = [label for label in self._shown[self._along].values.tolist() if label not in self.analysis.hidden_rows]
        return tuple(
            (name, tuple(_cell(column, values.sel(at) if values.dims else values) for column, values in variant))
            for label in labels
            for name, at, variant in self._of_label(label)
        )

    def _of_label(self, label: Any) -> "Iterator[tuple[str, dict[str, Any], list[tuple[Column, xr.DataArray]]]]":
        """The row of a label, then those that stand below it: name, where in the variables, the variables."""
        yield str(label), {self._along: label}, [(column, values) for column, _, values in self.columns]
        for kind in self.data.attrs.get("kinds", {}).get(label, ()):
            yield f"{label}: {kind}", {self._along: label}, self._beside("by_kind", {"kind": kind})
        if label in self.data.attrs.get("unions", {}) and (means := self._beside("mean_of_families", {})):
            yield f"{label}: mean of families", {self._along: label}, means

    def _beside(self, suffix: str, at: dict[str, Any]) -> list[tuple[Column, xr.DataArray]]:
        """What stands beside each column's variable under a suffix, undefined where nothing does; empty without any."""
        names = [f"{column.variable}_{suffix}" for column, _, _ in self.columns]
        if not any(name in self._shown for name in names):
            return []
        nothing = xr.DataArray(np.nan)
        found: list[tuple[Column, xr.DataArray]] = []
        for (column, _, values), name in zip(self.columns, names, strict=True):
            beside = self._shown[name].sel(at) if name in self._shown else nothing
            own = [
                dim for dim in beside.dims if dim in values.coords and dim not in values.dims
            ]  # as the column has it
            beside = beside.sel({dim: values[dim].item() for dim in own})
            found.append((column, beside if set(beside.dims) <= set(values.dims) else nothing))
        return found

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; nan becomes null."""
        shown = [
            {self.headings[0]: label}
            | {
                heading: {"estimate": cell.estimate, "interval": cell.interval}
                for heading, cell in zip(self.headings[1:], cells, strict=True)
            }
            for label, cells in self.rows
        ]
        return {
            "title": self.title,
            "meaning": self.meaning,
            "unions": list(self.unions),
            "findings": list(self.findings),
            "rows": shown,
            "data": plain(self.data.to_dict()),
        }

    def _filled(self, text: str) -> str:
        return text.format(**{str(key): value for key, value in self.data.attrs.items()})

    @property
    def is_by_row(self) -> bool:
        """Whether each row is a label with a cell for each column, rather than one quantity."""
        return bool(self._along)

    @property
    def _along(self) -> str:
        return self.analysis.rows

    @cached_property
    def _shown(self) -> xr.Dataset:
        """The part that the table shows: of many sites, layers and readings the one that the title names."""
        named = {
            dim: self.data.attrs.get(dim)
            for dim in ("site_layer", "site", "reading", "text_reading")
            if dim in self.data.dims
        }
        return self.data.sel({dim: label for dim, label in named.items() if label and dim != self._along})


def _spread(column: Column, data: xr.Dataset, along: str) -> Iterator[tuple[Column, str, xr.DataArray]]:
    """A column as it is, or one for each label of the dimensions that it has beside the rows'."""
    if column.variable not in data:
        return
    values = data[column.variable]
    values = values.sel({dim: label for dim, label in column.at.items() if dim in values.dims})
    dims = [str(dim) for dim in values.dims if dim not in (along, "bound")]
    for labels in product(*(values[dim].values.tolist() for dim in dims)):
        where = dict(zip(dims, labels, strict=True))
        yield column, column.title.format(**{**data.attrs, **where}), values.sel(where)


def _cell(column: Column, values: xr.DataArray) -> Cell:
    numbers = np.atleast_1d(values.values).astype(np.float64) * column.scale
    if np.isnan(numbers[0]):
        return Cell(UNDEFINED)
    texts = [NONE if np.isinf(number) else f"{number:.{column.digits}f}" for number in numbers]
    bounded = len(texts) == 3 and not bool(np.isnan(numbers).any())
    return Cell(
        texts[0],
        f"{texts[1]}…{texts[2]}" if bounded else "",
        tuple(numbers.tolist()) if bounded else (numbers[0].item(),),
    )


def csv_tables(name: str, data: xr.Dataset) -> dict[str, Any]:
    """A tidy pandas table per set of dimensions, under a name that lists them.

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
