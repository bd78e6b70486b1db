"""The metadata of samples as columns of one type each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def columns(entries: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """(sample) the values of each entry, by name in order of first appearance.

    Numbers where all values are some, nan where a sample has none; else texts, "" where a sample has none.

    >>> found = columns([{"category": "counting", "year": 2014}, {"year": None}])
    >>> found["category"].tolist(), found["year"].tolist()
    (['counting', ''], [2014.0, nan])
    """
    names = dict.fromkeys(name for entry in entries for name in entry)
    return {name: _column([entry.get(name) for entry in entries]) for name in names}


def _column(values: Sequence[Any]) -> NDArray[Any]:
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        if len(there) == len(values) and all(isinstance(value, int) and abs(value) < 2**53 for value in there):
            return np.array(values, np.int64)
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    texts = ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]
    return np.array(texts, object)
