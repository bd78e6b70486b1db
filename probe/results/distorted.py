"""The conditions of a run that leave little or nothing of the picture: answers to them come from elsewhere."""

from collections.abc import Mapping

from stores import Run

FAMILIES = ("gaussian_noise", "noise", "white", "mean_grey", "no_image", "another_image")
"""In the order in which they are shown; the first is nearest to what the contrastive readout was proposed with."""

STRONG = 3
"""Severity from which a picture counts as distorted."""


def conditions(run: Run) -> Mapping[str, str]:
    """(family) -> its condition, of a family with severities the strongest."""
    of_run = run.conditions
    names = ("condition", "family", "severity")
    held: dict[str, tuple[int, str]] = {}
    for name, family, severity in zip(*(of_run[each].values.tolist() for each in names), strict=True):
        if family in FAMILIES and not 0 <= severity < STRONG:
            held[family] = max(held.get(family, (severity, name)), (severity, name))
    return {family: held[family][1] for family in FAMILIES if family in held}
