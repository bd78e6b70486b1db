"""What a run keeps of steered pairs: what the head says of the options in both views, pair by pair."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from stores import Run

from ..intervening.choice import Pair, along_pairs
from ..results.steering import DIRECTIONS, PAIRS, VIEWS
from .forwards import Scores, Steered


def dataset(
    run: Run,
    pairs: Sequence[Pair],
    measured: Mapping[tuple[int, int], Steered | str],
    *,
    layers: Sequence[int],
    alphas: Sequence[float],
    tokens: str,
) -> xr.Dataset:
    """Logits of the options' first tokens: (pair, view, direction, layer, alpha, option) steered, and as they are.

    nan where a sample has no such option. `norm` (pair, layer) is the length of the direction of the pair's family.
    Pairs that could not be steered are counted by reason in the attribute `left_out`.
    """
    done = [(pair, made) for pair in pairs if isinstance(made := measured.get(pair.place), Steered)]
    reasons = [made for pair in pairs if isinstance(made := measured.get(pair.place), str)]
    widest = max(made.base.shape[-1] for _, made in done)
    return xr.Dataset(
        {
            "scores": (
                ("pair", "view", "direction", "layer", "alpha", "option"),
                np.stack([_padded(made.scores, widest) for _, made in done]),
                {"unit": "nats"},
            ),
            "base": (("pair", "view", "option"), np.stack([_padded(made.base, widest) for _, made in done])),
            "norm": (("pair", "layer"), np.stack([made.norm for _, made in done])),
        },
        coords={
            "view": list(VIEWS),
            "direction": list(DIRECTIONS),
            "layer": list(layers),
            "alpha": list(alphas),
            **along_pairs(run, [pair for pair, _ in done]),
        },
        attrs={"chosen": len(pairs), "left_out": json.dumps(Counter(reasons)), "result": PAIRS, "tokens": tokens},
    )


def restored(pair: xr.Dataset) -> Steered:
    """What was kept of one pair."""
    options = int(pair.base.notnull().all("view").sum())
    scores, base = (pair[name].values[..., :options] for name in ("scores", "base"))
    return Steered(scores, base, pair.norm.values)


def _padded(scores: Scores, options: int) -> Scores:
    missing = options - scores.shape[-1]
    return np.pad(scores, [*[(0, 0)] * (scores.ndim - 1), (0, missing)], constant_values=np.nan)
