"""Perturbations: pure functions from image to image, named so that each can be made again anywhere.

>>> from probe.perturbations import parse
>>> [condition.id for condition in parse(["rotation"])]
['clean', 'rotation:degrees=-30', 'rotation:degrees=30']
"""

from .catalogue import FAMILIES, apply, settings
from .condition import CLEAN, Condition, Skipped, generator
from .control import Others
from .extension import load_installed, perturbation
from .family import Family, Parameter, SpecError
from .preparation import PREPARATIONS, prepared
from .suites import SUITES, Suite, parse, prepare

__all__ = [
    "CLEAN",
    "FAMILIES",
    "PREPARATIONS",
    "SUITES",
    "Condition",
    "Family",
    "Others",
    "Parameter",
    "Skipped",
    "SpecError",
    "Suite",
    "apply",
    "generator",
    "parse",
    "perturbation",
    "prepare",
    "prepared",
    "settings",
]

load_installed()  # last: packages that offer perturbations import this one
