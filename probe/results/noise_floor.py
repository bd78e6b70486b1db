"""What reading the same picture twice moves by itself, and which effects do not stand out from it."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import statistics

from ..perturbations.rereading import NAME
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Sentence, said, say


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, bound) drift and the change of the clean choice's margin, beside those of reading the same once more.

    `above` (family): log10 of the mean drift over that of the readings of the clean picture, infinite where these are
    equal to the last bit; `below` (family, bound): share of pairs that moved no farther than their own sample is
    when it is read again.
    `margin_change` [nats] is mean |change|; `way_drift` (way) the mean drift of each way of reading again. Drift is
    that of the states that stand for the model, where there are any.
    """
    found: dict[str, xr.DataArray] = {}
    if evidence.primary:
        moved = evidence.primary_drift
        own = moved.isel(condition=np.flatnonzero(moved.family.values == NAME)).max("condition")
        means = evidence.values(statistics.MEAN, moved)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = means.sel(bound="estimate", drop=True) / means.sel(family=NAME, bound="estimate", drop=True)
            found["above"] = times.copy(data=np.log10(times.values))
        below = (moved <= own).astype(np.float64).where(moved.notnull() & own.notnull())
        found |= {"drift": means, "below": evidence.values(statistics.SHARE, below), "way_drift": by_way(moved)}
    if evidence.has_scores:
        change = abs(evidence.erosion)
        own = change.isel(condition=np.flatnonzero(change.family.values == NAME)).max("condition")
        within = (change <= own).astype(np.float64).where(change.notnull() & own.notnull())
        found |= {
            "margin_change": evidence.values(statistics.MEAN, change),
            "margin_below": evidence.values(statistics.SHARE, within),
        }
    return xr.Dataset(found).assign_attrs(site_layer=evidence.primary)


def by_way(moved: xr.DataArray) -> xr.DataArray:
    """(way) mean drift of each way of reading again, from (sample, condition); nan where no sample was read so."""
    again = moved.isel(condition=np.flatnonzero(moved.family.values == NAME))
    names = [name.partition(":")[2] for name in again["condition"].values.tolist()]
    return xr.DataArray(again.mean("sample").values, dims="way", coords={"way": np.array(names, object)})


MEANT = {
    "batch": "with another batch",
    "padding": "padded on the other side",
    "attention": "by another attention kernel",
    "dtype": "in another data type",
}


def in_words(way: str) -> str:
    """What was changed in a way of reading again.

    >>> in_words("by=dtype,share=0.5")
    'in another data type'
    """
    changed = [value for name, _, value in (part.partition("=") for part in way.split(",")) if name == "by"]
    return MEANT.get("".join(changed), way)


def of_ways(data: xr.Dataset) -> Sequence[Sentence]:
    """What each way of reading again moves."""
    if "way_drift" not in data or not (data.way_drift > 0).any():
        return ()
    each = ", ".join(
        f"{moved:.2g} {in_words(way)}" for way, moved in zip(data.way.values, data.way_drift.values, strict=True)
    )
    return said(say(data, "Read again, states move on average by {each}.", each=each))


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Which families move states no farther than reading the same picture again."""
    if "above" not in data:
        return ()
    above, weak = _beside(data), below(data)
    defined = above.values[~np.isnan(above.values)]
    if not defined.size:
        return ()
    if weak:
        sentence = say(data, "Not beyond the noise of reading: {names}.", names=", ".join(weak))
        return [*said(sentence), *of_ways(data)]
    if np.isinf(defined).all():
        return said(say(data, "Read again, the same picture gives the same states to the last bit."))
    sentence = say(
        data,
        "Every family moves states farther than reading the same picture again, by at least {orders} orders of "
        "magnitude.",
        orders=f"{defined.min():.1f}",
    )
    return [*said(sentence), *of_ways(data)]


def below(data: xr.Dataset) -> list[str]:
    """The families that move states no farther than reading the same picture again."""
    if "above" not in data:
        return []
    above = _beside(data)
    return [str(name) for name, orders in zip(above.family.values, above.values, strict=True) if orders <= 0]


def _beside(data: xr.Dataset) -> xr.DataArray:
    return data.above.drop_sel(family=["clean", NAME], errors="ignore")


def figure(data: xr.Dataset) -> "Chart | None":
    """Drift by family, the floor among them."""
    from ..figures import intervals

    if "drift" not in data:
        return None
    return intervals.chart(
        {"drift": data.drift},
        along="family",
        axis="1 - cos",
        about="Drift by family beside that of reading the clean picture again, with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=float(data.drift.sel(family=NAME, bound="estimate")),
    )


ANALYSIS = Analysis(
    name="noise_floor",
    title="Noise floor",
    meaning="Drift and change of the margin beside reading the clean picture again with another batch, padding, "
    "attention kernel or data type (reread). below: pairs that moved no farther than their own sample's readings, of "
    "the samples that were read again.",
    needs=("reread", "given_or_states"),
    compute=compute,
    columns=(
        Column("drift", "1 - cos", digits=7),
        Column("above", "above the floor", unit="orders of magnitude", digits=1),
        percent("below", "below"),
        Column("margin_change", "change of margin", unit="nats", digits=6),
        percent("margin_below", "margin below"),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
