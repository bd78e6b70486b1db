"""Which answers change: right to wrong and back, and in how many ways a question is answered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from analyses import flips, margins, statistics

from . import yes_no
from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .sentences import Sentence, said, say, share

NAMED = 5
"""Most samples with ties that are named."""


def compute(evidence: Evidence) -> xr.Dataset:
    """(family, bound) transitions between right and wrong answers, and the readings of a rate over all families."""
    judged, clean = evidence.judged, evidence.judged.sel(condition="clean", drop=True)
    change = flips.transitions(judged, clean, evidence.right).map(evidence.split)
    tables = {"ifr": evidence.by_family(statistics.SHARE, evidence.flipped)} | transitions(evidence, change)
    data = xr.Dataset({name: table.value for name, table in tables.items()})
    counts = {f"{name}_cases": table.defined for name, table in tables.items()}
    tied = margins.ties(evidence.scores) > 0  # of texts there are none
    tied = tied.isel(condition=np.flatnonzero(counted(evidence, tied)))
    data = data.assign(counts | overall(evidence) | of_yes_and_no(evidence))
    right = flips.correct(clean, evidence.right)
    data = data.assign(clean_right=(right == 1).sum(), clean_wrong=(right == 0).sum())
    # a control is no perturbation: clean and the perturbations alone
    given = evidence.given.isel(condition=np.flatnonzero(counted(evidence, evidence.given)))
    data = data.assign(ties=tied.sum(), entropy=evidence.interval(flips.entropy(given)))
    names = sorted(tied.sample.values[tied.any("condition").values].tolist())
    return data.assign_attrs(
        tied_samples=", ".join(map(str, names[:NAMED])) + (", …" if len(names) > NAMED else ""),
        right=int(data.clean_right),
        wrong=int(data.clean_wrong),
    )


def of_yes_and_no(evidence: Evidence) -> dict[str, xr.DataArray]:
    """The transitions of yes/no questions apart, as the analysis `yes_no` shows them; nothing where none is asked."""
    said = yes_no.answers(evidence)
    found = {} if said is None else yes_no.stability(evidence, *said)
    return {name: found[name] for name in yes_no.RATES if name in found}


def counted(evidence: Evidence, pairs: xr.DataArray) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """(condition) clean and the perturbations, without controls."""
    return evidence.is_perturbed(pairs) | (pairs.condition.values == "clean")


def transitions(evidence: Evidence, change: xr.Dataset) -> dict[str, xr.Dataset]:
    """Shares of the clean answers, right or wrong ones, that each transition could have happened to."""
    right = change.right_to_wrong + change.right_to_right
    wrong = change.wrong_to_right + change.wrong_to_wrong
    return {
        "right_to_wrong": evidence.by_family(statistics.SHARE, change.right_to_wrong, right),
        "wrong_to_right": evidence.by_family(statistics.SHARE, change.wrong_to_right, wrong),
        "wrong_to_other_wrong": evidence.by_family(statistics.SHARE, change.wrong_to_other_wrong, wrong),
    }


def overall(evidence: Evidence) -> dict[str, xr.DataArray]:
    """The readings of a rate over all perturbations: pairs pooled, samples that ever flip, mean over families."""
    families = evidence.unions[statistics.ALL]
    rates = flips.rates(evidence.flipped, family="family", any_of=families)
    return {f"overall_{name}": rates[f"any_{name}"] for name in ("ifr", "ifr_mean", "iv")}


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Whether the perturbations turn more right answers wrong than wrong ones right."""
    worse, better = (data[name].sel(family=statistics.ALL) for name in ("right_to_wrong", "wrong_to_right"))
    return said(
        say(data, "Of the answers that were right, {worse} became wrong.", worse=share(worse, data.clean_right)),
        say(data, "Of the answers that were wrong, {better} became right.", better=share(better, data.clean_wrong)),
        say(
            data,
            "The best options score exactly alike in {count} answers, where the first of them counts as chosen: "
            "{names}.",
            count=int(data.ties),
            names=data.attrs["tied_samples"],
        )
        if data.ties > 0
        else None,
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """How many right answers become wrong, and how many wrong ones right."""
    from ..figures import intervals

    return intervals.chart(
        {"right to wrong": data.right_to_wrong, "wrong to right": data.wrong_to_right},
        along="family",
        axis="share of the answers that were right, or wrong, on clean images [%]",
        about="Shares of right answers that become wrong and of wrong ones that become right, by family, with 95 % "
        "intervals.",
        scale=100,
        unions=data.attrs["unions"],
        without=("clean",),
    )


ANALYSIS = Analysis(
    name="flips",
    title="Flips",
    meaning="Of the answers right (wrong) on the clean image, the share that became wrong (right, wrong otherwise): "
    "{right} questions were right, {wrong} wrong.",
    needs=("given",),
    compute=compute,
    columns=(
        percent("ifr", "flipped"),
        percent("right_to_wrong", "right → wrong"),
        percent("wrong_to_right", "wrong → right"),
        percent("wrong_to_other_wrong", "wrong → other wrong"),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
