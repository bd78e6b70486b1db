"""Runs compared: base against aligned, small against large, on the samples and conditions that all share.

Source: Mireku et al., aligned models under corruption; Wani et al. 2026; definitions, sections 4, 5, 11 and 15.
"""

from .compared import Comparison, compare
from .registry import STUDIES, Study, studies

__all__ = ["STUDIES", "Comparison", "Study", "compare", "studies"]
