"""What a run keeps of pairs whose attention was cut: margins under every cut, pair by pair."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from stores import Run

from ..intervening.choice import Pair, along_pairs
from ..results.knockout import KEYS, PAIRS, VIEWS
from .forwards import Cuts
from .windows import Window


def dataset(
    run: Run,
    pairs: Sequence[Pair],
    measured: Mapping[tuple[int, int], Cuts | str],
    *,
    windows: Sequence[Window],
    queries: str,
) -> xr.Dataset:
    """Margins of the clean choice over its best rival, in nats: (pair, view, without, window) cut, (pair, view) not.

    `first` and `last` (window) are layers, from 1. Pairs that could not be cut are counted by reason in the attribute
    `left_out`.
    """
    done = [(pair, made) for pair in pairs if isinstance(made := measured.get(pair.place), Cuts)]
    reasons = [made for pair in pairs if isinstance(made := measured.get(pair.place), str)]
    unit = {"unit": "nats"}
    return xr.Dataset(
        {
            "margin": (("pair", "view", "without", "window"), np.stack([made.cut for _, made in done]), unit),
            "base": (("pair", "view"), np.stack([made.base for _, made in done]), unit),
            "image_tokens": ("pair", np.array([made.image for _, made in done])),
            "others": ("pair", np.array([made.others for _, made in done])),
            "first": ("window", np.array([each.first for each in windows])),
            "last": ("window", np.array([each.last for each in windows])),
        },
        coords={"view": list(VIEWS), "without": list(KEYS), **along_pairs(run, [pair for pair, _ in done])},
        attrs={"chosen": len(pairs), "left_out": json.dumps(Counter(reasons)), "result": PAIRS, "queries": queries},
    )


def restored(pair: xr.Dataset) -> Cuts:
    """What was kept of one pair."""
    return Cuts(pair.margin.values, pair.base.values, int(pair.image_tokens), int(pair.others))
