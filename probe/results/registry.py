"""The analyses of a run by name, in the order in which a reader meets them."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from . import (
    alignment,
    calibration,
    corruption,
    dirichlet,
    drift,
    flips,
    frequency,
    instability,
    margins,
    misalignment,
    priors,
    probing,
    segmentation,
    spectrum,
)
from .evidence import Evidence
from .result import Result

RESULTS: Mapping[str, Callable[[Evidence], Result | None]] = MappingProxyType(
    {
        "flips": flips.compute,
        "margins": margins.compute,
        "drift": drift.compute,
        "instability": instability.compute,
        "dirichlet": dirichlet.compute,
        "spectrum": spectrum.compute,
        "frequency": frequency.compute,
        "priors": priors.compute,
        "alignment": alignment.compute,
        "corruption": corruption.compute,
        "calibration": calibration.compute,
        "misalignment": misalignment.compute,
        "segmentation": segmentation.compute,
        "probing": probing.compute,
    }
)


ON_REQUEST = ("probing",)
"""Results that take long: made only where they are named."""


def analyze(evidence: Evidence, names: Sequence[str] = ()) -> tuple[Result, ...]:
    """The named results, by default all that the run's contents allow but those made on request.

    Raises ValueError for a named result that the run has nothing for.
    """
    wanted = names or [name for name in RESULTS if name not in ON_REQUEST]
    made = {name: compute(evidence) for name, compute in RESULTS.items() if name in wanted}
    for name in names:
        if made[name] is None:
            raise ValueError(f"analysis {name!r}: the run holds nothing for it. {RESULTS[name].__doc__}")
    return tuple(result for result in made.values() if result is not None)
