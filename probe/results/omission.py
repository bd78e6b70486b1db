"""Which critical classes are denied where they are there, when a model is asked for each."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import statistics

from . import scene_answers
from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .sentences import Sentence, said, say, share

ANY = "any critical class"


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(class, family, bound) how often each class is denied where it is there, (class, condition, bound) the same.

    None where no presence of a class of the vocabulary is asked, or none that is asked is there.
    """
    by_class = scene_answers.class_omission(evidence)
    of_images = scene_answers.presence_omission(evidence)
    if by_class is None or of_images is None or not bool(by_class.notnull().any()):
        return None
    pairs = xr.concat([of_images.expand_dims({"class": [ANY]}), by_class], "class").transpose(
        "sample", "condition", ...
    )
    pairs = pairs.isel({"class": np.flatnonzero(pairs.notnull().any(["sample", "condition"]).values)})
    table = evidence.by_family(statistics.SHARE, pairs)
    more = pairs - pairs.sel(condition="clean", drop=True)
    return xr.Dataset(
        {
            "omission": table.value,
            "omission_defined": table.defined,
            "omission_increase": evidence.values(statistics.MEAN, more),
            "omission_by_condition": evidence.rate(pairs),
            "omission_increase_by_condition": evidence.interval(more),
        }
    )


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """The class with the highest estimate on clean images, and over all perturbations."""
    sentences: list[Sentence | None] = []
    classes = data.isel({"class": np.flatnonzero(data["class"].values != ANY)})
    for family, where in (("clean", "on clean images"), (statistics.ALL, "over all perturbations")):
        if family not in data.family.values:
            continue
        rates = classes.omission.sel(family=family)
        worst = int(np.argmax(rates.sel(bound="estimate").fillna(0).values))
        if float(rates.isel({"class": worst}).sel(bound="estimate")) > 0:
            sentences.append(
                say(
                    data,
                    "Denied where it is there: {what}, {rate} {where}, the highest estimate.",
                    what=str(rates["class"].values[worst]),
                    where=where,
                    rate=share(rates.isel({"class": worst})),
                )
            )
    return said(*sentences)


def figure(data: xr.Dataset) -> "Chart | None":
    """How often each class is denied: on clean images, and under perturbations."""
    from ..figures import intervals

    shown = {"clean images": "clean", "all perturbations": statistics.ALL}
    return intervals.chart(
        {text: data.omission.sel(family=name) for text, name in shown.items() if name in data.family.values},
        along="class",
        axis="denied where it is there [%]",
        about="Share of critical classes that are denied where they are there, by class, with 95 % intervals.",
        scale=100,
    )


ANALYSIS = Analysis(
    name="omission",
    title="Critical classes that are denied where they are there",
    meaning='Share of the questions "Is there a ... in the image?" about a class that is there that are not answered '
    f"with yes. {ANY}: images of which at least one critical class is denied.",
    needs=("yes_no",),
    compute=compute,
    columns=(percent("omission", "{family}"),),
    finding=finding,
    figure=figure,
    rows="class",
    on_request=True,
)
