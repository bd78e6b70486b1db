"""Corruption errors of many runs: each family over the severities that it has, estimates and draws alike."""

from collections.abc import Callable, Iterable, Mapping

import xarray as xr

from analyses import corruption
from analyses.corruption.alexnet import ALEXNET_MEAN_ERROR, ALEXNET_SEVERITIES

from .differences import derived

Tables = Mapping[str, xr.Dataset]
"""Corruption -> estimate and draws of the error (…, corruption, severity), with the severities that it has."""


def ce(tables: Tables, references: Tables) -> xr.Dataset:
    """(…, corruption) CE, each corruption over its own severities."""
    return _joined(derived(corruption.ce, tables[name], references[name]) for name in tables)


def alexnet_ce(tables: Tables) -> xr.Dataset:
    """(…, corruption) CE against AlexNet, the reference of ImageNet-C."""
    return _joined(derived(corruption.alexnet_ce, table) for table in tables.values())


def is_of_alexnet(corruptions: Mapping[str, list[float]]) -> bool:
    """Whether AlexNet's errors are known under all corruptions: as means over severities 1-5 alone.

    >>> is_of_alexnet({"fog": [1.0, 2.0, 3.0, 4.0, 5.0]}), is_of_alexnet({"fog": [1.0, 3.0, 5.0]})
    (True, False)
    """
    whole = [float(step) for step in ALEXNET_SEVERITIES]
    return bool(corruptions) and all(name in ALEXNET_MEAN_ERROR and s == whole for name, s in corruptions.items())


def relative_ce(tables: Tables, references: Tables, clean: xr.Dataset, clean_reference: xr.Dataset) -> xr.Dataset:
    """(…, corruption) relative CE: what a corruption adds to the error over what it adds to the reference's."""

    def relative(error: xr.DataArray, reference: xr.DataArray, own: xr.DataArray, other: xr.DataArray) -> xr.DataArray:
        return corruption.relative_ce(error, reference, clean_error=own, clean_reference_error=other)

    return _joined(derived(relative, tables[name], references[name], clean, clean_reference) for name in tables)


def select(tables: Tables, chosen: Callable[[xr.Dataset], xr.Dataset]) -> dict[str, xr.Dataset]:
    """The same part of each corruption's table."""
    return {name: chosen(table) for name, table in tables.items()}


def _joined(parts: Iterable[xr.Dataset]) -> xr.Dataset:
    return xr.concat(list(parts), "corruption", coords="minimal", compat="override")
