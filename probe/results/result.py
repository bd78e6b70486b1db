"""What one analysis found in a run: one Dataset, from which table, page, JSON, CSV and sentences are made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .analysis import Analysis, Column

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNDEFINED = "–"


@dataclass(frozen=True)
class Cell:
    """A number as text, and its interval, empty where there is none."""

    estimate: str
    interval: str = ""


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

    @cached_property
    def findings(self) -> tuple[str, ...]:
        """What was found and how sure it is, a sentence each."""
        return tuple(self.analysis.finding(self.data))

    @property
    def figure(self) -> "Figure | None":
        """The figure, where the analysis draws one."""
        return None if self.analysis.figure is None else self.analysis.figure(self.data)

    @cached_property
    def columns(self) -> tuple[tuple[Column, str, xr.DataArray], ...]:
        """Each column that is shown with its heading and its numbers, along the rows (and `bound`)."""
        return tuple(shown for column in self.analysis.columns for shown in _spread(column, self._shown, self._along))

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of the table, that of the rows' names first."""
        return (self._along or "quantity", *((text for _, text, _ in self.columns) if self._along else ("value",)))

    @cached_property
    def rows(self) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
        """The rows of the table: a name, and a cell for each column."""
        if not self._along:
            return tuple((text, (_cell(column, values),)) for column, text, values in self.columns)
        labels = [label for label in self._shown[self._along].values.tolist() if label not in self.analysis.hidden_rows]
        return tuple(
            (str(label), tuple(_cell(column, values.sel({self._along: label})) for column, _, values in self.columns))
            for label in labels
        )

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
            "findings": list(self.findings),
            "rows": shown,
            "data": plain(self.data.to_dict()),
        }

    def _filled(self, text: str) -> str:
        return text.format(**{str(key): value for key, value in self.data.attrs.items()})

    @property
    def _along(self) -> str:
        return self.analysis.rows

    @cached_property
    def _shown(self) -> xr.Dataset:
        """The part that the table shows: of many sites and layers the one that the title names."""
        one = "site_layer" in self.data.dims and self._along != "site_layer"
        return self.data.sel(site_layer=self.data.attrs["site_layer"]) if one else self.data


def _spread(column: Column, data: xr.Dataset, along: str) -> Iterator[tuple[Column, str, xr.DataArray]]:
    """A column as it is, or one for each label of the dimensions that it has beside the rows'."""
    if column.variable not in data:
        return
    values = data[column.variable]
    values = values.sel({dim: label for dim, label in column.at.items() if dim in values.dims})
    dims = [str(dim) for dim in values.dims if dim not in (along, "bound")]
    for labels in product(*(values[dim].values.tolist() for dim in dims)):
        where = dict(zip(dims, labels, strict=True))
        yield column, column.title.format(**where), values.sel(where)


def _cell(column: Column, values: xr.DataArray) -> Cell:
    numbers = np.atleast_1d(values.values).astype(np.float64) * column.scale
    if not np.isfinite(numbers[0]):
        return Cell(UNDEFINED)
    texts = [f"{number:.{column.digits}f}" for number in numbers]
    bounded = len(texts) == 3 and bool(np.isfinite(numbers).all())
    return Cell(texts[0], f"{texts[1]}…{texts[2]}" if bounded else "")


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
