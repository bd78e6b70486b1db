"""Does adding the way back mend what perturbations flip? What steering mends and breaks, by layer and strength.

`probe steer` measures the pairs and leaves them in the run under `PAIRS`; this reduces them.
"""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import margins, statistics, steering

from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .patching import FLIP, RANDOM, spread
from .sentences import Number, Sentence, said, say, share
from .yes_no import DIFFERENCE

PAIRS = "steering_pairs"
"""The stored result that holds every steered pair."""

OWN, CONTROL = DIRECTIONS = ("of the family", "random")
"""The direction of the pair's family, and a random one of the same length: the control."""

CLEAN, PERTURBED = VIEWS = ("clean", "perturbed")


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, direction, layer, alpha, bound) shares of flips mended and of kept answers broken, and accuracies.

    `mended` is of flips, by what the options' first tokens say; `broken` and the accuracies are of random pairs, which
    stand for the run; changes are against the same pairs without steering. None where no pair is of this run's samples.
    """
    pairs = evidence.run.result(PAIRS)
    pairs = pairs.isel(pair=np.flatnonzero(np.isin(pairs.sample.values, evidence.run.samples.sample.values)))
    if not pairs.sizes["pair"]:
        return None
    left = json.loads(pairs.attrs["left_out"])
    found = readings(evidence, pairs)
    flipped = int(found.mended.isel(direction=0, layer=0, alpha=0).notnull().sum())
    if unread := int((pairs.kind.values == FLIP).sum()) - flipped:
        left = {**left, "flips that the options' first tokens do not show": unread}
    data = reduced(evidence, found)
    return data.merge(by_place(data)).assign_attrs(
        tokens={"last": "the last token", "image": "the image tokens", "question": "the question's tokens"}[
            pairs.attrs["tokens"]
        ],
        flips=flipped,
        randoms=int((pairs.kind.values == RANDOM).sum()),
        left="; ".join(f"{count} for {reason}" for reason, count in left.items()) or "none",
        highest=f"{float(pairs.alpha.max()):g}",
        tried=pairs.sizes["layer"],
    )


def readings(evidence: Evidence, pairs: xr.Dataset) -> xr.Dataset:
    """(pair, direction, layer, alpha) what came of each pair: 1 or 0, nan where it is not of that kind."""
    steered, base = margins.choice(pairs.scores), margins.choice(pairs.base)
    clean, before = (base.sel(view=view, drop=True) for view in VIEWS)
    after = {view: steered.sel(view=view, drop=True) for view in VIEWS}
    flip, random = pairs.kind == FLIP, pairs.kind == RANDOM
    right = xr.DataArray(evidence.answer.sel(sample=pairs.sample.values).values, dims="pair")
    now = {view: correct(after[view], right) for view in VIEWS}
    then = {CLEAN: correct(clean, right), PERTURBED: correct(before, right)}
    made = {
        "mended": steering.mended(after[PERTURBED], before, clean).where(flip),
        "broken": steering.broken(after[PERTURBED], before, clean).where(random),
        **{f"accuracy_{view}": now[view].where(random) for view in VIEWS},
        **{f"change_{view}": (now[view] - then[view]).where(random) for view in VIEWS},
    }
    return xr.Dataset(made)


def correct(choice: xr.DataArray, right: xr.DataArray) -> xr.DataArray:
    """1 where a choice is right, 0 where not, nan where that is unknown."""
    return (choice == right).astype(np.float64).where((choice >= 0) & (right >= 0))


def reduced(evidence: Evidence, found: xr.Dataset) -> xr.Dataset:
    """(family, direction, layer, alpha, bound) of the readings."""
    wide = spread(found, evidence.unions[statistics.ALL])
    ways = {name: DIFFERENCE if str(name).startswith("change") else statistics.SHARE for name in found.data_vars}
    return xr.Dataset({str(name): evidence.values(way, wide[name]) for name, way in ways.items()})


def by_place(data: xr.Dataset) -> xr.Dataset:
    """(place, direction, bound) the same over all perturbations, a place a layer and a strength; α = 0 but once."""
    part = data.sel(family=statistics.ALL, drop=True).stack(place=("layer", "alpha"), create_index=False)
    part = part.isel(place=np.flatnonzero((part.alpha.values != 0) | (part.layer.values == part.layer.values[0])))
    places = zip(part.layer.values, part.alpha.values, strict=True)
    names = [f"layer {layer}, α {alpha:g}" if alpha else "none, α 0" for layer, alpha in places]
    part = part.drop_vars(["layer", "alpha"]).assign_coords(place=names)
    return part.rename({name: f"{name}_at" for name in part.data_vars})


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """What the mean difference itself mends and breaks at the layer where it mends most, and a random direction."""
    there = data.sel(family=statistics.ALL)
    alphas = there.alpha.values[there.alpha.values > 0]
    if not len(alphas):
        return ()
    alpha = float(alphas[np.argmin(abs(alphas - 1))])
    there = there.sel(alpha=alpha)
    estimates = there.mended.sel(direction=OWN, bound="estimate")
    if not bool(estimates.notnull().any()):
        return ()
    layer = int(estimates.layer.values[np.nanargmax(estimates.values)])
    own, control = (there.sel(layer=layer, direction=each) for each in DIRECTIONS)
    one = say(
        data,
        "Added to {tokens} at layer {layer} (of {tried} layers tried the one with the highest share) at α = {alpha}, "
        "the way from perturbed to clean states of other images mends {mended} of flips and breaks {broken} of answers "
        "that had stayed; a random direction of the same length mends {other} and breaks {other_broken}.",
        tokens=data.attrs["tokens"],
        layer=layer,
        tried=data.attrs["tried"],
        alpha=f"{alpha:g}",
        mended=share(own.mended, data.attrs["flips"]),
        broken=share(own.broken),
        other=share(control.mended),
        other_broken=share(control.broken),
    )
    two = say(
        data,
        "There accuracy changes by {perturbed} on perturbed pictures, and by {clean} on clean ones.",
        perturbed=points(own.change_perturbed),
        clean=points(own.change_clean),
    )
    return said(one, two if one else None)


def points(values: xr.DataArray) -> Number:
    """A difference of shares, said in points."""
    return Number(values, 1, 100, "points", signed=True)


def figure(data: xr.Dataset) -> "Chart | None":
    """Flips mended and answers broken by strength, a panel a layer."""
    from ..figures import curves

    there = data.sel(family=statistics.ALL, drop=True)
    shown = {
        "flips mended": there.mended.sel(direction=OWN, drop=True),
        "kept answers broken": there.broken.sel(direction=OWN, drop=True),
        "flips mended, random direction": there.mended.sel(direction=CONTROL, drop=True),
    }
    panels = [f"layer {layer}" for layer in data.layer.values.tolist()]
    return curves.chart(
        {name: values.assign_coords(layer=panels) for name, values in shown.items()},
        curves.Axes("strength α", "answers [%]"),
        along="alpha",
        panel="layer",
        about="Shares of flips that steering mends and of kept answers that it breaks by strength, a panel a layer, "
        "beside a random direction of the same length.",
        scale=100,
    )


def _change(variable: str, heading: str, direction: str) -> Column:
    return Column(variable, heading, unit="points", digits=1, scale=100, at={"direction": direction})


ANALYSIS = Analysis(
    name="steering",
    title="Steering: the way from perturbed to clean states, added",
    meaning="Over all perturbations: {flips} flips, {randoms} random pairs; left out: {left}. The mean of clean minus "
    "perturbed states over random pairs of other images, one direction a family, times α, is added to {tokens} at one "
    "layer. mended: flips that are the clean answer again; broken: kept answers of random pairs that leave it. Choices "
    "are read from the options' first tokens; α = 0 adds nothing. random: a random direction of the same length. "
    "right: change of accuracy against no steering, of random pairs. A strength and layer picked from this table "
    "look better than they are.",
    needs=("steered",),
    compute=compute,
    columns=(
        percent("mended_at", "mended", at={"direction": OWN}),
        percent("mended_at", "mended, random", at={"direction": CONTROL}),
        percent("broken_at", "broken", at={"direction": OWN}),
        percent("broken_at", "broken, random", at={"direction": CONTROL}),
        _change("change_perturbed_at", "right, perturbed", OWN),
        _change("change_clean_at", "right, clean", OWN),
    ),
    finding=finding,
    figure=figure,
    rows="place",
)
