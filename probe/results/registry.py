"""The analyses of a run by name, in the order in which a reader meets them."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from ..closest import did_you_mean
from . import (
    alignment,
    attention,
    attribution,
    benchmark,
    calibration,
    class_iou,
    contrastive_decoding,
    corruption,
    dimensions,
    dirichlet,
    drift,
    failure_prediction,
    flips,
    frequency,
    instability,
    knockout,
    lens,
    margins,
    misalignment,
    misalignment_conditions,
    noise_floor,
    omission,
    overview,
    patching,
    pixel_spectrum,
    priors,
    probing,
    scores,
    segmentation,
    segmentation_language,
    silent,
    spectrum,
    steering,
    trust,
    tuned_lens,
    where_first,
    yes_no,
)
from .analysis import Analysis
from .evidence import Evidence
from .needs import missing
from .result import Result

ANALYSES: Mapping[str, Analysis] = MappingProxyType(
    {
        module.ANALYSIS.name: module.ANALYSIS
        for module in (
            overview,
            scores,
            benchmark,
            flips,
            yes_no,
            margins,
            drift,
            dimensions,
            noise_floor,
            where_first,
            instability,
            lens,
            tuned_lens,
            silent,
            attention,
            patching,
            steering,
            knockout,
            dirichlet,
            spectrum,
            pixel_spectrum,
            frequency,
            priors,
            attribution,
            alignment,
            corruption,
            calibration,
            contrastive_decoding,
            trust,
            failure_prediction,
            misalignment,
            misalignment_conditions,
            omission,
            segmentation,
            segmentation_language,
            class_iou,
            probing,
        )
    }
)


def analyze(evidence: Evidence, names: Sequence[str] = (), *, without: Collection[str] = ()) -> tuple[Result, ...]:
    """The named results, by default all that the run's contents allow but those made on request and those `without`.

    Raises ValueError for an unknown name, and for a named analysis that the run does not hold enough for.
    """
    check_names(names)
    by_default = [] if names else [each.name for each in ANALYSES.values() if not each.on_request]
    chosen = [each for each in ANALYSES.values() if each.name in {*names, *by_default} - {*without}]
    made = {each.name: _result(evidence, each, named=each.name in names) for each in chosen}
    return tuple(result for result in made.values() if result is not None)


def check_names(names: Sequence[str]) -> None:
    """Raise ValueError for a name that no analysis has."""
    for name in names:
        if name not in ANALYSES:
            hint = did_you_mean(name, ANALYSES)
            raise ValueError(f"analysis {name!r} is unknown.{hint} Choose from: {', '.join(ANALYSES)}.")


def _result(evidence: Evidence, analysis: Analysis, *, named: bool) -> Result | None:
    lacking = missing(evidence, analysis.needs)
    data = None if lacking else analysis.compute(evidence)
    if data is not None:
        of_run = {"unions": evidence.unions, "images": evidence.run.images.sizes["image"]}
        return Result(analysis, data.assign_attrs({**of_run, **data.attrs}))
    if not named:
        return None
    if not lacking:
        raise ValueError(f"analysis {analysis.name!r}: the run holds too little for it. {analysis.compute.__doc__}")
    what, cure = " and ".join(need.what for need in lacking), " ".join(need.cure for need in lacking)
    raise ValueError(f"analysis {analysis.name!r} needs {what}, which {evidence.run.path} does not hold. {cure}")
