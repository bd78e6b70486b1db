"""The papers that perturbations come from, under the short names that families and suites carry."""

from collections.abc import Mapping
from types import MappingProxyType

from analyses import papers

BIBTEX: Mapping[str, str] = MappingProxyType(
    {
        "HI": papers.BIBTEX[papers.HIDDEN_INSTABILITY],
        "SM": papers.BIBTEX[papers.DEGRADATION],
        "IC": papers.BIBTEX[papers.COMMON_CORRUPTIONS],
        "AC": papers.BIBTEX[papers.ALIGNED_UNDER_CORRUPTION],
        "FH": papers.BIBTEX[papers.FOURIER_HEAT_MAP],
    }
)
"""Hidden instability, semantic misalignment, ImageNet-C, aligned models under corruption, the Fourier heat map."""
