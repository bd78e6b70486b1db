"""Probing: can a linear probe read from the states which classes the image shows, and still under a perturbation?

Probes are trained on clean states and always tested on images that they never saw. Per sample first: `probe_scores`
and `probe_correct`; `probe_accuracy` and `probe_transfer` reduce them over samples. Source: Alain & Bengio 2017; the
control: Hewitt & Liang 2019; definitions, section 13.
"""

from .. import papers
from ..cards import Card
from .cross_validation import Probe
from .probes import control_labels, probe_accuracy, probe_correct, probe_rates, probe_scores, probe_transfer
from .resamples import resampled_auroc

__all__ = [
    "CARDS",
    "Probe",
    "control_labels",
    "probe_accuracy",
    "probe_correct",
    "probe_rates",
    "probe_scores",
    "probe_transfer",
    "resampled_auroc",
]


CARDS = (
    Card(
        "probing.probe_scores",
        "How strongly do a sample's states say that the class is there?",
        "log-odds",
        "(-inf, inf)",
        papers.LINEAR_PROBE,
    ),
    Card("probing.probe_correct", "Does the probe read the class rightly?", "1 right, 0 wrong", "{0, 1}"),
    Card(
        "probing.probe_accuracy",
        "Can the presence of a class be read linearly, beyond its frequency?",
        "share; AUROC; selectivity in shares",
        "[0, 1]; selectivity [-1, 1]",
        papers.CONTROL_TASK,
    ),
    Card(
        "probing.probe_transfer",
        "Does what was readable on clean images survive the perturbation?",
        "share; AUROC",
        "[0, 1]",
        papers.LINEAR_PROBE,
    ),
    Card(
        "probing.resampled_auroc",
        "How well would the class be read, had other images been held out?",
        "AUROC",
        "[0, 1]",
        papers.RANKING,
    ),
    Card(
        "probing.control_labels",
        "What would the probe learn were there nothing to read?",
        "1 has the class, 0 not",
        "{0, 1}",
        papers.CONTROL_TASK,
    ),
)
