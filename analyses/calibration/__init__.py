"""Calibration: whether a model is right as often as it is sure.

`confidence` turns option scores into the probability of the choice; `expected_error` (ECE) says how far confidence and
accuracy lie apart, and `reliability` in which bins. Chance alone keeps ECE above 0: `debiased_error` takes most of that
away, `error_by_image` puts beside it what a calibrated model would get, with an interval by image. Source: Naeini et
al. 2015; Guo et al. 2017; Kumar et al. 2019; definitions, section 12.
"""

from .. import papers
from ..cards import Card
from .binned import BINS, binned_error, confidence, expected_error, reliability
from .debiased import binned_debiased_error, calibrated_errors, debiased_error, error_by_image

__all__ = [
    "BINS",
    "CARDS",
    "binned_debiased_error",
    "binned_error",
    "calibrated_errors",
    "confidence",
    "debiased_error",
    "error_by_image",
    "expected_error",
    "reliability",
]

_ERROR = "difference of shares"
CARDS = (
    Card("calibration.confidence", "How sure is the model of its choice?", "probability", "[0, 1]", papers.CALIBRATION),
    Card(
        "calibration.expected_error",
        "How far apart are confidence and accuracy (ECE)?",
        _ERROR,
        "[0, 1]",
        papers.EXPECTED_CALIBRATION_ERROR,
    ),
    Card(
        "calibration.debiased_error",
        "How far apart are confidence and accuracy, beyond what chance puts between them?",
        _ERROR,
        "[-1, 1]",
        papers.VERIFIED_CALIBRATION,
    ),
    Card(
        "calibration.calibrated_errors",
        "What calibration error would a calibrated model get, with these confidences and as many answers?",
        _ERROR,
        "[0, 1]",
        papers.VERIFIED_CALIBRATION,
    ),
    Card(
        "calibration.error_by_image",
        "How far apart are confidence and accuracy, and how sure is that?",
        _ERROR,
        "[0, 1]",
        papers.VERIFIED_CALIBRATION,
    ),
    Card(
        "calibration.reliability",
        "How often is the model right when it is this sure?",
        "shares; samples",
        "[0, 1]; {0, 1, ...}",
        papers.CALIBRATION,
    ),
    Card(
        "calibration.binned_error",
        "How would the calibration error vary, were other images drawn?",
        _ERROR,
        "[0, 1]",
        papers.EXPECTED_CALIBRATION_ERROR,
    ),
    Card(
        "calibration.binned_debiased_error",
        "How would the calibration error beyond chance vary, were other images drawn?",
        _ERROR,
        "[-1, 1]",
        papers.VERIFIED_CALIBRATION,
    ),
)
