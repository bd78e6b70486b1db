"""Registered families: added in Python, or offered by an installed package as entry points of `probe.families`."""

import warnings
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from ..offered_families import GROUP
from .family import Family

_ADDED: dict[str, Family] = {}


def add(family: Family) -> None:
    """Put a family before those of the table, in this process; one of the same name replaces the earlier.

    Raises TypeError for anything but a Family, ValueError where it names no model type.
    """
    if not isinstance(family, Family):
        raise TypeError(f"a family must be a hooks.families.Family, not {type(family).__name__}.")
    if not family.model_types:
        raise ValueError(f"family {family.name!r} names no model_types. Give those of its config.json files.")
    _ADDED[family.name] = family


def registered() -> tuple[Family, ...]:
    """The families added here, then those that installed packages offer."""
    return (*_ADDED.values(), *(family for family in installed() if family.name not in _ADDED))


def process_local(name: str) -> bool:
    """Whether a family is known to this process alone, because it was added in it and not installed."""
    return name in _ADDED and _ADDED[name] not in installed()


@cache
def installed() -> tuple[Family, ...]:
    """What installed packages offer; one that cannot be loaded is left out with a warning that names it."""
    return tuple(family for entry in entry_points(group=GROUP) if (family := _loaded(entry)) is not None)


def _loaded(entry: EntryPoint) -> Family | None:
    try:
        family = entry.load()
    except Exception as error:  # whatever another package raises must not take ours down
        warnings.warn(f"family {entry.name!r} ({entry.value}) is left out: {error}", stacklevel=2)
        return None
    if isinstance(family, Family):
        return family
    reason = f"it is not a hooks.families.Family but {type(family).__name__}"
    warnings.warn(f"family {entry.name!r} ({entry.value}) is left out: {reason}", stacklevel=2)
    return None
