"""What a run keeps of patched pairs: moved margins and gaps, pair by pair."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from hooks.forwards import GROUPS
from stores import Run

from ..intervening.choice import Pair, along_pairs
from ..results.patching import DIRECTIONS, PAIRS
from .forwards import Patched

Measured = Mapping[tuple[int, int], Patched | str]
"""By (sample, condition) what came of it, or why it was left out."""


def dataset(run: Run, pairs: Sequence[Pair], measured: Measured, *, layers: Sequence[int], deepest: int) -> xr.Dataset:
    """Margins of the clean choice over its best rival, in nats: (pair, direction, layer, group) moved, and gaps.

    `moved` is margin(patched) - margin(base), `gap` (pair, direction) margin(source) - margin(base). Pairs that could
    not be patched are counted by reason in the attribute `left_out`; `deepest` is the model's last layer.
    """
    done = [(pair, made) for pair in pairs if isinstance(made := measured.get((pair.sample, pair.condition)), Patched)]
    reasons = [made for pair in pairs if isinstance(made := measured.get((pair.sample, pair.condition)), str)]
    moved = np.stack([made.moved for _, made in done]).astype(np.float32)
    return xr.Dataset(
        {
            "moved": (("pair", "direction", "layer", "group"), moved, {"unit": "nats"}),
            "gap": (("pair", "direction"), np.stack([made.gap for _, made in done]), {"unit": "nats"}),
        },
        coords={
            "direction": list(DIRECTIONS),
            "layer": list(layers),
            "group": list(GROUPS),
            **along_pairs(run, [pair for pair, _ in done]),
        },
        attrs={"chosen": len(pairs), "left_out": json.dumps(Counter(reasons)), "result": PAIRS, "deepest": deepest},
    )


def restored(pair: xr.Dataset) -> Patched:
    """What was kept of one pair."""
    return Patched(pair.moved.values.astype(np.float64), pair.gap.values)
