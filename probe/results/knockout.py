"""In which layers does an answer read the picture? What it loses where its text cannot attend to it, window by window.

`probe knockout` measures the pairs and leaves them in the run under `PAIRS`; this reduces them.
"""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import knockout, statistics

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .patching import FLIP, KINDS, RANDOM, spread
from .sentences import Number, Sentence, said, say

PAIRS = "knockout_pairs"
"""The stored result that holds every pair whose attention was cut."""

CLEAN, PERTURBED = VIEWS = ("clean", "perturbed")

IMAGE, OTHERS = KEYS = ("image", "other tokens")
"""What can no longer be attended to: the picture, or random tokens of the text, which is the control."""

EVERY = "all layers"

QUERIES = {"text": "the text", "question": "the text without its last token", "last": "the last token"}


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(kind, family, view, without, window, bound) margin of the clean choice that is lost, in nats.

    `base` (kind, family, view, bound) is the margin without a cut. None where no pair is of this run's samples.
    """
    pairs = evidence.run.result(PAIRS)
    pairs = pairs.isel(pair=np.flatnonzero(np.isin(pairs.sample.values, evidence.run.samples.sample.values)))
    there = [kind for kind in KINDS if kind in pairs.kind.values]
    if not there:
        return None
    named = pairs.assign_coords(window=names(pairs))
    tables = [of_kind(evidence, named.isel(pair=np.flatnonzero(named.kind.values == kind))) for kind in there]
    data = xr.concat(tables, xr.IndexVariable("kind", there)).reindex(kind=list(KINDS))
    data = data.assign_coords(first=("window", pairs["first"].values), last=("window", pairs["last"].values))
    left = json.loads(pairs.attrs["left_out"])
    return data.assign(lost_at=data.lost.sel(family=statistics.ALL, drop=True)).assign_attrs(
        {f"{kind}s": int((pairs.kind.values == kind).sum()) for kind in KINDS},
        queries=QUERIES[pairs.attrs["queries"]],
        others=f"{float(pairs.others.mean()):.0f}",
        image=f"{float(pairs.image_tokens.mean()):.0f}",
        layers=str(int(pairs["last"].max())),
        left="; ".join(f"{count} for {reason}" for reason, count in left.items()) or "none",
    )


def names(pairs: xr.Dataset) -> list[str]:
    """The windows by their layers; the last is of all."""
    bounds = zip(pairs["first"].values.tolist(), pairs["last"].values.tolist(), strict=True)
    own = [f"layer {first}" if first == last else f"layers {first}-{last}" for first, last in bounds]
    return [*own[:-1], EVERY]


def of_kind(evidence: Evidence, pairs: xr.Dataset) -> xr.Dataset:
    """(family, ...) of the pairs of one kind."""
    wide = spread(pairs[["margin", "base"]], evidence.unions[statistics.ALL])
    return xr.Dataset(
        {
            "lost": evidence.values(statistics.MEAN, knockout.lost(wide.margin, wide.base)),
            "base": evidence.values(statistics.MEAN, wide.base),
        }
    )


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Where cutting attention to the picture costs clean answers most, and what it costs in all layers."""
    there = data.sel(family=statistics.ALL, kind=RANDOM)
    own, control = (there.lost.sel(without=keys) for keys in KEYS)
    single = own.isel(window=slice(None, -1)).sel(view=CLEAN, bound="estimate")
    sentences: list[Sentence | None] = []
    if bool(single.notnull().any()):
        window = str(single.window.values[np.nanargmax(single.values)])
        here, beside = own.sel(window=window), control.sel(window=window)
        sentences.append(
            say(
                data,
                "Where {queries} cannot attend to the picture in {window}, clean answers lose {clean} of a margin of "
                "{base}, the highest of {tried} windows; perturbed views lose {perturbed} there; clean answers without "
                "{others} other tokens instead {control}.",
                window=window,
                tried=single.sizes["window"],
                queries=data.attrs["queries"],
                clean=nats(here.sel(view=CLEAN)),
                base=nats(there.base.sel(view=CLEAN)),
                perturbed=nats(here.sel(view=PERTURBED)),
                others=data.attrs["others"],
                control=nats(beside.sel(view=CLEAN)),
            )
        )
    sentences.append(
        say(
            data,
            "Cut in all layers, clean answers lose {clean}: what is left of their margin owes nothing to the picture.",
            clean=nats(own.sel(window=EVERY, view=CLEAN)),
        )
    )
    return said(*sentences)


def nats(values: xr.DataArray) -> Number:
    """A margin."""
    return Number(values, 2, 1, "nats")


def figure(data: xr.Dataset) -> "Chart | None":
    """Margin lost by window, of clean and perturbed views, and without other tokens."""
    from ..figures import curves

    if data.sizes["window"] < 3:
        return None
    there = data.lost.sel(family=statistics.ALL, kind=RANDOM, drop=True).isel(window=slice(None, -1))
    there = there.swap_dims(window="first").drop_vars(["window", "last"])
    image, others = (there.sel(without=keys, drop=True) for keys in KEYS)
    return curves.chart(
        {
            "picture cut, clean": image.sel(view=CLEAN, drop=True),
            "picture cut, perturbed": image.sel(view=PERTURBED, drop=True),
            "other tokens cut, clean": others.sel(view=CLEAN, drop=True),
        },
        curves.Axes("first layer of the window", "margin lost [nats]", zero=False, reference=0),
        along="first",
        about="Margin of the clean choice lost where the text cannot attend to the picture in a window of layers, by "
        "the window's first layer, beside the same without other tokens.",
    )


def _column(heading: str, kind: str, view: str, keys: str) -> Column:
    return Column("lost_at", heading, unit="nats", at={"kind": kind, "view": view, "without": keys})


ANALYSIS = Analysis(
    name="knockout",
    title="Where answers read the picture: attention cut, window by window",
    meaning="Over all perturbations: {flips} flips, {kepts} kept answers, {randoms} random pairs; left out: {left}. "
    "Margin of the clean choice that is lost where {queries} cannot attend to the picture's {image} tokens in these "
    "layers, in nats, read from the options' first tokens; below 0: the cut helps it. Beside it the same without "
    "{others} random tokens of the text. Windows do not add up: what earlier layers have carried to "
    "other tokens is still there.",
    needs=("cut",),
    compute=compute,
    columns=(
        _column("clean", RANDOM, CLEAN, IMAGE),
        _column("clean, other tokens cut", RANDOM, CLEAN, OTHERS),
        _column("perturbed", RANDOM, PERTURBED, IMAGE),
        _column("flips, clean", FLIP, CLEAN, IMAGE),
        _column("flips, perturbed", FLIP, PERTURBED, IMAGE),
    ),
    finding=finding,
    figure=figure,
    rows="window",
)
