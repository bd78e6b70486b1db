"""Which answers change: broken, mended, wandered; yes and no apart; and in how many ways a question is answered."""

import numpy as np
import xarray as xr

from analyses import flips, margins

from .evidence import Evidence
from .result import Result, estimate

HEADINGS = {
    "ifr": "flipped %",
    "broken": "right → wrong %",
    "mended": "wrong → right %",
    "wandered": "wrong → other wrong %",
}


def compute(evidence: Evidence) -> Result | None:
    """The transitions of a run with right answers; None where nothing was to be chosen."""
    if not evidence.asked:
        return None
    change = flips.transitions(evidence.choice, evidence.clean_choice, evidence.answer).map(evidence.split)
    rates = {
        "broken": evidence.shares(change.right_to_wrong, change.right_to_wrong + change.right_to_right),
        "mended": evidence.shares(change.wrong_to_right, change.wrong_to_right + change.wrong_to_wrong),
        "wandered": evidence.shares(change.wrong_to_other_wrong, change.wrong_to_right + change.wrong_to_wrong),
    }
    rates["ifr"] = evidence.rate(evidence.flipped)
    data = xr.Dataset(rates | yes_no(evidence, change) | any_readings(evidence) | spread(evidence))
    data = data.assign(ties=margins.ties(evidence.scores).sum())
    rows = tuple(
        {"family": name}
        | {heading: estimate(data[rate].sel(family=name), 1, 100) for rate, heading in HEADINGS.items()}
        for name in data.family.values.tolist()
        if name != "clean"
    )
    return Result(
        "flips",
        "Flips",
        data,
        rows,
        "Of the answers right (wrong) on the clean image, the share that became wrong (right, wrong otherwise).",
        findings(data),
    )


def yes_no(evidence: Evidence, change: xr.Dataset) -> dict[str, xr.DataArray]:
    """The transitions of yes/no questions apart; nothing where the run asks none."""
    binary = (evidence.run.samples.kind == "yesno").drop_vars(["kind", "answer", "image"], errors="ignore")
    if not bool(binary.any()):
        return {}
    said_yes = (evidence.clean_choice == 0) & binary
    said_no = (evidence.clean_choice == 1) & binary
    kept, broken = change.right_to_right, change.right_to_wrong
    mended, wrong = change.wrong_to_right, change.wrong_to_wrong
    return {
        "true_positive_stability": evidence.shares(kept.where(said_yes), (kept + broken).where(said_yes)),
        "true_negative_stability": evidence.shares(kept.where(said_no), (kept + broken).where(said_no)),
        "false_positive_correction": evidence.shares(mended.where(said_yes), (mended + wrong).where(said_yes)),
        "false_negative_correction": evidence.shares(mended.where(said_no), (mended + wrong).where(said_no)),
    }


def any_readings(evidence: Evidence) -> dict[str, xr.DataArray]:
    """The three readings of "any": pairs pooled, samples that ever flip, and the mean of the families' rates."""
    rates = flips.rates(evidence.flipped, family="family", any_of=evidence.any_of)
    return {name: rates[name] for name in ("any_ifr", "any_ifr_mean", "any_iv")}


def spread(evidence: Evidence) -> dict[str, xr.DataArray]:
    """Choice entropy [nats] of a sample over all conditions: its mean with an interval."""
    return {"entropy": evidence.interval(flips.entropy(evidence.choice))}


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Whether the perturbations break more answers than they mend."""
    broken, mended = (data[name].sel(family="any").values for name in ("broken", "mended"))
    if not np.isfinite([broken[0], mended[0]]).all():
        return ()
    return (
        f"Of the answers that were right, {estimate(broken, 1, 100)} % became wrong; of the wrong ones, "
        f"{estimate(mended, 1, 100)} % became right.",
    )
