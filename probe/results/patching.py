"""Where an answer is lost: how far perturbed states, put into the clean run, take the margin, by layer and tokens.

`probe patch` measures the pairs and leaves them in the run under `PAIRS`; this reduces them.
"""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import patching, statistics

from .analysis import Analysis, Chart, Column
from .evidence import Evidence
from .sentences import Sentence, said, say, share
from .where_first import by_depth, some_layers

PAIRS = "patching_pairs"
"""The stored result that holds every patched pair."""

INTO_CLEAN, INTO_PERTURBED, ANOTHER = DIRECTIONS = ("into clean", "into perturbed", "another image")
"""The perturbed state in the clean run, the reverse, and another image's clean state in the clean run: the control."""

APART = " No image tokens: the language layers attend to the picture, which no patch changes."

FLIP, KEPT, RANDOM = KINDS = ("flip", "kept", "random")
"""Why a pair was chosen."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(kind, family, direction, layer, group, bound) effects of patches, weighed by the gaps of their pairs.

    `size_of_patch` (the same): what a patch moves the margin, without its sign, over what another whole image moves
    the clean one: 0 where a state is idle. `last_over_image` (kind, family, layer, bound): by how much the effect of
    the last token is larger than that of the image tokens, paired. None where no pair is of this run's samples.
    """
    pairs = evidence.run.result(PAIRS)
    pairs = pairs.isel(pair=np.flatnonzero(np.isin(pairs.sample.values, evidence.run.samples.sample.values)))
    there = [kind for kind in KINDS if kind in pairs.kind.values]
    if not there:
        return None
    tables = [of_kind(evidence, pairs.isel(pair=np.flatnonzero(pairs.kind.values == kind))) for kind in there]
    data = xr.concat(tables, xr.IndexVariable("kind", there)).reindex(kind=list(KINDS))
    counts = {f"{kind}s": int((pairs.kind.values == kind).sum()) for kind in KINDS}
    left = json.loads(pairs.attrs["left_out"])
    return data.merge(by_place(data)).assign_attrs(
        counts,
        layers=str(int(pairs.attrs.get("deepest", data.layer[-1]))),
        left="; ".join(f"{count} for {reason}" for reason, count in left.items()) or "none",
        apart="" if data.effect.sel(group="image").notnull().any() else APART,
    )


def of_kind(evidence: Evidence, pairs: xr.Dataset) -> xr.Dataset:
    """(family, ...) of the pairs of one kind."""
    wide = spread(pairs, evidence.unions[statistics.ALL])
    way, gap = patching.towards(wide.moved, wide.gap), abs(wide.gap)
    clean = way.sel(direction=INTO_CLEAN, drop=True)
    ahead = clean.sel(group="last", drop=True) - clean.sel(group="image", drop=True)
    return xr.Dataset(
        {
            "effect": evidence.values(statistics.RATIO, way, gap),
            "size_of_patch": evidence.values(statistics.RATIO, abs(wide.moved), gap.sel(direction=ANOTHER, drop=True)),
            "last_over_image": evidence.values(statistics.RATIO, ahead, gap.sel(direction=INTO_CLEAN, drop=True)),
        }
    )


def spread(pairs: xr.Dataset, families: Sequence[str]) -> xr.Dataset:
    """(sample, condition, ...): each pair a row, defined in the column of its family alone."""
    held = xr.DataArray(
        pairs.family.values[:, None] == np.array(families, object)[None],
        dims=("sample", "condition"),
        coords={"family": ("condition", list(families)), "image": ("sample", pairs.image.values)},
    )
    rows = pairs.drop_vars(["sample", "condition", "family", "image", "kind"]).rename(pair="sample")
    wide = rows.astype(np.float64).where(held)
    return wide.transpose("sample", "condition", ...)


def by_place(data: xr.Dataset) -> xr.Dataset:
    """(place, ...) the same over all perturbations, a place a group of tokens at one of some layers."""
    shown = {"layer": some_layers(data.layer.values), "family": statistics.ALL}
    groups = [name for name in data.group.values if bool(data.effect.sel(group=name).notnull().any())]
    part = data[["effect", "size_of_patch"]].sel(shown, drop=True).sel(group=groups)
    part = part.drop_vars(["family"], errors="ignore").stack(place=("group", "layer"), create_index=False)
    names = [f"{group}, layer {layer}" for group, layer in zip(part.group.values, part.layer.values, strict=True)]
    part = part.drop_vars(["group", "layer"]).assign_coords(place=names)
    return part.rename(effect="effect_at", size_of_patch="size_at")


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Where flips pass from the picture's tokens to the last one, and how idle the drift of kept answers is."""
    here = data.sel(family=statistics.ALL)
    flips, kept = here.sel(kind=FLIP), here.sel(kind=KEPT, group="last").size_of_patch
    sentences: list[Sentence | None] = []
    if (layer := handover(flips.last_over_image)) is not None:
        effect = flips.effect.sel(direction=INTO_CLEAN, layer=layer)
        sentences.append(
            say(
                data,
                "A flip has left the image tokens by layer {layer} of {layers}: from there on the perturbed state of "
                "the last token alone takes the clean run further towards the flipped margin than those of all image "
                "tokens, {last} of the way against {image} at that layer.",
                layer=layer,
                layers=data.attrs["layers"],
                last=share(effect.sel(group="last"), data.attrs["flips"]),
                image=share(effect.sel(group="image")),
            )
        )
    middle = int(data.layer[data.sizes["layer"] // 2])
    if int(data.layer[-1]) != int(data.attrs["layers"]):  # what the whole perturbation does was not measured
        return said(*sentences)
    sentences.append(
        say(
            data,
            "Where answers stay, the perturbed state of the last token at layer {middle} moves the clean margin by "
            "{here} of what another image moves it, another image's state there by {other}; the whole perturbation by "
            "{end}. Drift that is idle would move nothing.",
            middle=middle,
            here=share(kept.sel(layer=middle, direction=INTO_CLEAN), data.attrs["kepts"]),
            other=share(kept.sel(layer=middle, direction=ANOTHER)),
            end=share(kept.sel(direction=INTO_CLEAN).isel(layer=-1)),
        )
    )
    return said(*sentences)


def handover(ahead: xr.DataArray) -> int | None:
    """The layer from which on the last token's effect is the larger one, its interval above 0; None where at none."""
    low = ahead.sel(bound="low").values > 0
    lasting = np.logical_and.accumulate(low[::-1])[::-1]
    return int(ahead.layer.values[np.argmax(lasting)]) if lasting.any() else None


def figure(data: xr.Dataset) -> "Chart | None":
    """Effects of perturbed states in the clean runs of flips, by tokens, layer and family."""
    from ..figures import heat_maps

    effect = data.effect.sel(kind=FLIP, direction=INTO_CLEAN, drop=True).rename(group="site")
    return heat_maps.chart(
        by_depth(100 * effect),
        legend="way to the flip [%]",
        about="How far perturbed states of a group of tokens, put into the clean run at a layer, take the margin to "
        "where it flips, by family.",
        diverging=True,
    )


def _column(variable: str, heading: str, kind: str, direction: str) -> Column:
    return Column(variable, heading, unit="%", digits=0, scale=100, at={"kind": kind, "direction": direction})


ANALYSIS = Analysis(
    name="patching",
    title="Where the answer is lost: states patched into each other",
    meaning="Over all perturbations: {flips} flips, {kepts} kept answers, {randoms} random pairs; left out: {left}."
    "{apart} The state of some tokens at a layer is put into another run of the same question. 0 %: nothing changes; "
    "100 %: the margin of the clean choice, read from the options' first tokens, goes all the way to that of the run "
    "that the state is from; pairs weigh by that way. Layer 0 enters the first block, layer {layers} the final norm. "
    "Effects do not add up over tokens and layers. Kept answers: in % of what another whole image moves the margin, "
    "without signs.",
    needs=("patched",),
    compute=compute,
    columns=(
        _column("effect_at", "flips, perturbed into clean", FLIP, INTO_CLEAN),
        _column("effect_at", "flips, clean into perturbed", FLIP, INTO_PERTURBED),
        _column("effect_at", "another image into clean", FLIP, ANOTHER),
        _column("effect_at", "random pairs, into clean", RANDOM, INTO_CLEAN),
        _column("size_at", "kept, perturbed into clean", KEPT, INTO_CLEAN),
        _column("size_at", "kept, another image into clean", KEPT, ANOTHER),
    ),
    finding=finding,
    figure=figure,
    rows="place",
)
