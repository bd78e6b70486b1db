"""HR, COR and SMR under each condition and over clean: the tables of the paper on semantic misalignment."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from . import misalignment
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(condition, bound) each measure and how much it exceeds clean; None without any question about a scene."""
    data = misalignment.compute(evidence)
    if data is None:
        return None
    ending = "_by_condition"
    kept = {str(name).removesuffix(ending): values for name, values in data.items() if str(name).endswith(ending)}
    bare = {name: values.reset_coords(drop=True) for name, values in kept.items()}
    return xr.Dataset(bare).assign_attrs(data.attrs, unions=evidence.unions)


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """The condition under which each rate exceeds clean most, by its estimate."""
    sentences: list[Sentence | None] = []
    for quantity, acronym in misalignment.ACRONYMS.items():
        name = f"{quantity}_increase"
        if name not in data:
            continue
        more = data[name].isel(condition=int(np.argmax(data[name].sel(bound="estimate").fillna(0).values)))
        if float(more.sel(bound="estimate")) > 0:
            sentences.append(
                say(
                    data,
                    "{acronym} exceeds clean by {more} points under {condition}, the highest estimate.",
                    acronym=acronym,
                    more=Number(more, 1, 100, signed=True),
                    condition=str(more.condition.item()),
                )
            )
    return said(*sentences)


def _over_clean(variable: str, acronym: str) -> Column:
    return Column(f"{variable}_increase", f"Δ {acronym}", unit="points", digits=1, scale=100)


def figure(data: xr.Dataset) -> "Chart | None":
    """How much HR, COR and SMR exceed those on clean images."""
    from ..figures import intervals

    return intervals.chart(
        {
            f"Δ {acronym}": data[f"{name}_increase"]
            for name, acronym in misalignment.ACRONYMS.items()
            if f"{name}_increase" in data
        },
        along="condition",
        axis="above clean [points]",
        about="Increase of HR, COR and SMR over clean by condition, with 95 % intervals.",
        scale=100,
        without=("clean",),
        reference=0,
    )


ANALYSIS = Analysis(
    name="misalignment_conditions",
    title="Answers against what the image shows, by condition",
    meaning="HR, COR and SMR as in `misalignment`, in %, and how much they exceed those on clean images.{named_by}",
    needs=("scene",),
    compute=compute,
    columns=(
        percent("hallucination", "HR"),
        _over_clean("hallucination", "HR"),
        percent("critical_omission", "COR"),
        _over_clean("critical_omission", "COR"),
        percent("safety_misinterpretation", "SMR"),
        _over_clean("safety_misinterpretation", "SMR"),
        percent("safety_parsed", "parsed", at={"bound": "estimate"}),
    ),
    finding=finding,
    figure=figure,
    rows="condition",
    on_request=True,
)
