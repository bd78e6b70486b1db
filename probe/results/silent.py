"""Whether drift matters: the part of it that the answer reads, and the part that it ignores."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import drift, instability, labels, statistics

from . import readings_by_layer
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share
from .states import PIECE_BYTES

SITE = "language.norm:context_last"


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(family, bound) the share of drift that the answer reads, silent drift in % of unrelated images', and hidden.

    `read_unrelated` (bound): the share of the difference between unrelated images, under the same options; `chance`:
    that of a random direction. None where the options of no sample differ in their first tokens.
    """
    moved, read, products = parts(evidence)
    if not bool(read.notnull().any()):
        return None
    clean = readings_by_layer.last(evidence).sel(condition="clean", drop=True)
    pairs = evidence.control_pairs(SITE, metric="euclidean").isel(layer=0, drop=True)
    apart = length_read(of_pairs(evidence, clean, pairs), products)
    quiet, quiet_pairs = drift.silent(read, moved), drift.silent(apart, pairs).assign_coords(other=pairs.other)
    unrelated = labels.mean(drift.share_read(apart, pairs), "pair")
    features = evidence.states(SITE).lazy().sizes["feature"]
    return xr.Dataset(
        {
            "read": evidence.values(statistics.MEAN, drift.share_read(read, moved)),
            "silent_percent": evidence.values(statistics.PERCENT, quiet, labels.mean(quiet_pairs, "pair")),
            "read_unrelated": evidence.interval(unrelated),
            "chance": labels.mean(drift.dimensions_read(products), "sample") / features,
            "hidden": hidden(evidence, quiet, quiet_pairs),
        }
    ).assign_attrs(scale=evidence.scale, **readings_by_layer.first_tokens(evidence))


def parts(evidence: Evidence) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """(sample, condition) lengths of moves and of their parts that the answer reads, and the products of the rows."""
    products = evidence.run.answers.lens_products.sel(condition="clean", drop=True).load()
    moved = evidence.length(SITE).isel(layer=0, drop=True)

    top = readings_by_layer.last(evidence)
    read = length_read(top - top.sel(condition="clean", drop=True), products)
    return moved, evidence.split(read), products


def length_read(change: xr.DataArray, products: xr.DataArray) -> xr.DataArray:
    """`drift.length_read` of (sample, ..., option), some samples at a time: each change meets all products."""
    each = 8 * (change.size // max(1, change.sizes["sample"])) * change.sizes["option"]
    step = max(1, PIECE_BYTES // max(1, each))
    pairs = ((change[start : start + step], products[start : start + step]) for start in range(0, len(change), step))
    return xr.concat([xr.DataArray(drift.length_read(*pair)) for pair in pairs], "sample")


def quiet(evidence: Evidence) -> xr.DataArray:
    """(sample, condition) silent drift, in the state's own units."""
    moved, read, _ = parts(evidence)
    return drift.silent(read, moved)


def of_pairs(evidence: Evidence, clean: xr.DataArray, pairs: xr.DataArray) -> xr.DataArray:
    """(sample, pair, option) how the options' logits differ from those of each unrelated sample.

    nan where that was asked with other options: its state was not read along these.
    """
    texts = evidence.run.samples.option_text.values.astype(object)
    places = clean.indexes["sample"].get_indexer(pairs.other.values.reshape(-1).tolist()).reshape(pairs.other.shape)
    same = (places >= 0) & (texts[:, None] == texts[np.maximum(places, 0)]).all(axis=-1)
    found = np.where(same[..., None], clean.values[:, None] - clean.values[np.maximum(places, 0)], np.nan)
    return xr.DataArray(found, dims=("sample", "pair", "option"), coords={"sample": clean.sample.values})


def hidden(evidence: Evidence, quiet: xr.DataArray, pairs: xr.DataArray) -> xr.DataArray:
    """(family, bound) share of kept answers whose silent drift is beyond that of the nearest unrelated images."""
    layered, control = (each.expand_dims(layer=[0]) for each in (quiet, pairs))
    control = control.assign_coords(image=("sample", evidence.run.answers.image.values))
    found = instability.beyond_nearest(layered, control, evidence.flipped, unions=evidence.unions, seed=evidence.seed)
    return found.hidden.isel(layer=0, drop=True).sel(quantile=instability.QUANTILES[0], drop=True)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How much of the drift the answer reads, beside unrelated images and chance."""
    read = data.read.sel(family=statistics.ALL)
    if not np.isfinite(read).all():
        return ()
    return said(
        say(
            data,
            "Of the squared drift over all perturbations the answer reads {read}, of the distance between unrelated "
            "images {other}; a random direction would give {chance} %. The silent rest is {silent} of {scale}.",
            read=share(read),
            other=share(data.read_unrelated),
            chance=f"{100 * float(data.chance):.2g}",
            silent=Number(data.silent_percent.sel(family=statistics.ALL), 1, unit="%"),
            scale=data.attrs["scale"],
        ),
        readings_by_layer.left_out(data),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """The share of drift that the answer reads, by family."""
    from ..figures import intervals

    return intervals.chart(
        {"read by the answer": data.read * 100},
        along="family",
        axis="share of squared drift [%]",
        about="Share of the squared drift behind the final norm that the answer reads, by family, with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=100 * float(data.chance),
    )


ANALYSIS = Analysis(
    name="silent",
    title="Drift that the answer reads, and silent drift",
    meaning="Of the drift of the state that the head reads: the share of its square along the differences of the "
    "options' unembedding rows, and the rest in % of {scale}; hidden: kept answers whose silent drift is beyond "
    "that of the nearest 5 % of unrelated images.",
    needs=("lens", "behind_norm"),
    compute=compute,
    columns=(
        percent("read", "read by the answer"),
        Column("silent_percent", "silent, of control", unit="%", digits=0),
        percent("hidden", "hidden"),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
