"""The samples of a run in groups: by dataset, kind, or an entry of their metadata, such as their category."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores import Run

from .closest import did_you_mean

MOST = 100
"""More groups than a person reads: then what was named tells single samples apart."""


def groups(run: Run, by: str) -> Iterator[tuple[str, Run]]:
    """(value, the run with the samples that have it), in order of the values; samples without one are "–", the last.

    Raises ValueError where the samples have no such coordinate, or more than `MOST` values of it.
    """
    values = values_of(run, by)
    names = run.samples.sample.values
    found = sorted(set(values.tolist()), key=lambda value: (value == NONE, *_as_number(value)))
    if len(found) > MOST:
        raise ValueError(f"{by!r} has {len(found):,} values, more than {MOST} groups. Group by something coarser.")
    for value in found:
        yield value, run.select(names[values == value].tolist())


NONE = "–"
"""The group of samples that have no value."""


def values_of(run: Run, by: str) -> NDArray[Any]:
    """(sample) the value that a sample is grouped by, as text. Raises ValueError where there is no such coordinate."""
    known = keys(run)
    if by not in known:
        hint = did_you_mean(by, known)
        raise ValueError(f"the samples of {run.path} have no {by!r}.{hint} They have: {', '.join(known)}.")
    return np.array([_text(value) for value in run.samples[by].values.tolist()], object)


def keys(run: Run) -> list[str]:
    """What the samples can be grouped by: every coordinate along them but their ids."""
    return [str(name) for name, each in run.samples.coords.items() if each.dims == ("sample",) and name != "sample"]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return NONE if np.isnan(value) else f"{value:g}"
    return str(value) or NONE


def _as_number(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value
