"""Families of your own: a function becomes one by decoration, or through the entry-point group `probe.perturbations`.

    @probe.perturbation("vignette", severities={1: {"strength": 0.3}, 2: {"strength": 0.8}})
    def vignette(pixels, rng, *, strength: Annotated[float, (0, 1)] = 0.5):
        '''Darker towards the corners.'''
        ...

The parameters are the keyword-only arguments: int, float, str or bool; a pair in `Annotated` bounds a number, `Literal`
lists the allowed texts. The first line of the docstring is what `probe list perturbations` shows.
"""

import inspect
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from ..sample import Pixels
from .catalogue import FAMILIES
from .condition import BARE, CLEAN, Condition
from .family import Family, Parameter, Settings, SpecError
from .suites import SUITES

GROUP = "probe.perturbations"

EXAMPLE = "Write def f(pixels, rng, *, strength: float = 0.5)."

Function = TypeVar("Function", bound=Callable[..., Pixels])

_INSTALLED: set[str] = set()
_ADDED: set[str] = set()
_BEING_IMPORTED: set[str] = set()


def perturbation(
    name: str,
    *,
    severities: Mapping[int, Settings] | None = None,
    listed: Sequence[Settings] = (),
    paper: str = "",
) -> Callable[[Function], Function]:
    """Make a function (pixels, rng, *, parameters) -> pixels a family under this name; the function stays as it is.

    `severities` names levels; `listed` are the conditions that `-p NAME` stands for where there are no levels. Without
    either it is the one condition of the defaults. The pixels are (height, width, 3) uint8 RGB and read-only, `rng` is
    the condition's own numpy Generator: draw from nothing else, and the same seed makes the same picture anywhere.

    >>> import numpy as np
    >>> from probe.perturbations import FAMILIES, apply, parse
    >>> @perturbation("darker", listed=[{"by": 2}])
    ... def darker(pixels, rng, *, by: Annotated[int, (1, 255)]):
    ...     "Every value divided."
    ...     return pixels // by
    >>> apply(parse(["darker"])[1], np.full((1, 1, 3), 9, np.uint8), image_id="i", seed=0).tolist()
    [[[4, 4, 4]]]
    >>> FAMILIES.pop("darker").parameters[0].high
    255

    Raises SpecError where the name is taken or no name, the signature cannot be read, or a setting does not fit it.
    """

    def register(function: Function) -> Function:
        add(family_from(name, function, severities=severities or {}, listed=tuple(listed), paper=paper))
        return function

    return register


def add(family: Family) -> None:
    """Put a family beside ours. Defining the same function again (a notebook cell run twice) replaces it."""
    if family.name in SUITES or family.name == CLEAN.family:
        what = "a suite" if family.name in SUITES else "the picture as it is"
        raise SpecError(f"perturbation {family.name!r} is the name of {what}. Choose another name.")
    known = FAMILIES.get(family.name)
    if known is not None and _place(known.function) != _place(family.function):
        raise SpecError(
            f"perturbation {family.name!r} is there already ({_place(known.function)}). Choose another name."
        )
    FAMILIES[family.name] = family
    _ADDED.add(family.name)
    if getattr(family.function, "__module__", None) in _BEING_IMPORTED:
        _INSTALLED.add(family.name)


def load_installed(found: Sequence[EntryPoint] | None = None) -> None:
    """Add what installed packages offer under the entry-point group: functions, or families made by hand.

    One that cannot be loaded is left out with a warning that names it; the others are there.
    """
    for entry in entry_points(group=GROUP) if found is None else found:
        module = sys.modules.get(entry.module)
        if module is not None and getattr(module.__spec__, "_initializing", False):
            _BEING_IMPORTED.add(entry.module)  # it imported us, and will register what it decorates
            continue
        try:
            _install(entry)
        except Exception as error:  # whatever another package raises must not take ours down
            warnings.warn(f"perturbation {entry.name!r} ({entry.value}) is left out: {error}", stacklevel=2)


def process_local(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Families among these that this process alone knows, because they were made in it and not installed."""
    return tuple(dict.fromkeys(c.family for c in conditions if c.family in _ADDED - _INSTALLED))


def code_of(conditions: Sequence[Condition]) -> dict[str, str]:
    """Of every family among these that is not ours, its name and a hash of its function's source."""
    names = dict.fromkeys(c.family for c in conditions if c.family in _ADDED)
    return {name: _hash(inspect.unwrap(FAMILIES[name].function)) for name in names}


def _hash(function: Callable[..., Pixels]) -> str:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # typed into an interpreter, or no function: what it compiles to
        code = getattr(function, "__code__", None)
        plain = [one for one in getattr(code, "co_consts", ()) if isinstance(one, str | int | float)]
        source = repr((type(function).__name__, getattr(code, "co_code", b""), plain, getattr(code, "co_names", ())))
    return f"sha256 {sha256(source.encode()).hexdigest()[:16]}"


def family_from(
    name: str,
    function: Callable[..., Pixels],
    *,
    severities: Mapping[int, Settings],
    listed: tuple[Settings, ...],
    paper: str,
) -> Family:
    """The family that a function's signature, docstring and these settings describe."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise SpecError(f"perturbation name {name!r}: write letters, digits and _, parts joined by a dot.")
    text = inspect.getdoc(function) or ""
    family = Family(
        name,
        function,
        text.splitlines()[0].rstrip(".") if text else "",
        paper,
        _parameters(name, function),
        listed=listed or ({},),
        resizes=True,  # nobody has said that it does not
    )
    needed = [parameter.name for parameter in family.parameters if parameter.required]
    if needed and not severities and not listed:
        raise SpecError(
            f"perturbation {name!r}: give {' and '.join(needed)} a default, or name severities= or listed=."
        )
    for settings in listed:
        family.condition(**settings)
    return replace(family, severities=_levels(family, severities))


def _levels(family: Family, severities: Mapping[int, Settings]) -> dict[int, Settings]:
    """The settings of each level, checked, in declared order and without defaults: one map has one id."""
    levels: dict[int, Settings] = {}
    for level, settings in severities.items():
        if not isinstance(level, int) or level < 1:
            raise SpecError(
                f"perturbation {family.name!r}: severity {level!r} is no level. Number them 1, 2, …; 0 is the clean "
                "picture."
            )
        levels[level] = dict(family.condition(**settings).parameters)
    for level, settings in levels.items():
        if settings in [other for number, other in levels.items() if number < level]:
            raise SpecError(f"perturbation {family.name!r}: severity {level} repeats another level's settings.")
    return levels


def _install(entry: EntryPoint) -> None:
    offered = entry.load()
    made = next((family for family in FAMILIES.values() if family.function is offered), None)
    if made is None:  # not decorated: the entry point names it
        made = (
            offered
            if isinstance(offered, Family)
            else family_from(entry.name, offered, severities={}, listed=(), paper="")
        )
        add(made)
    _INSTALLED.add(made.name)


def _parameters(name: str, function: Callable[..., Pixels]) -> tuple[Parameter, ...]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise SpecError(f"perturbation {name!r}: {function!r} is no function that can be read. {EXAMPLE}") from None
    arguments = list(signature.parameters.values())
    positional = [one for one in arguments if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    named = [one for one in arguments if one.kind is one.KEYWORD_ONLY]
    if len(positional) != 2 or len(positional) + len(named) != len(arguments):
        raise SpecError(f"perturbation {name!r}: a function of {signature} cannot be called as one. {EXAMPLE}")
    return tuple(_parameter(name, one, _hint(name, function, one)) for one in named)


def _hint(name: str, function: Callable[..., Pixels], argument: inspect.Parameter) -> Any:
    if not isinstance(argument.annotation, str):
        return argument.annotation
    try:  # from __future__ import annotations
        return eval(argument.annotation, getattr(function, "__globals__", {}))
    except Exception as error:
        raise SpecError(f"perturbation {name!r}: the type of {argument.name} cannot be read: {error}.") from None


def _parameter(name: str, argument: inspect.Parameter, hint: Any) -> Parameter:
    if argument.name in BARE:
        raise SpecError(
            f"perturbation {name!r}: {argument.name!r} has a meaning of its own in ids. Rename the argument."
        )
    low = high = None
    choices: tuple[str, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *bounds = get_args(hint)
        if len(bounds) != 1 or not isinstance(bounds[0], tuple) or len(bounds[0]) != 2:
            raise SpecError(f"perturbation {name!r}: write the bounds of {argument.name} as Annotated[float, (0, 1)].")
        low, high = bounds[0]
    if get_origin(hint) is Literal:
        hint, choices = str, get_args(hint)
    if hint not in (int, float, str, bool) or not all(isinstance(choice, str) for choice in choices):
        raise SpecError(
            f"perturbation {name!r}: argument {argument.name} needs the type int, float, str, bool or a Literal of "
            f"texts, not {'none' if hint is argument.empty else hint}."
        )
    parameter = Parameter(argument.name, hint, "", low=low, high=high, choices=choices)
    if argument.default is argument.empty:
        return parameter
    try:
        return replace(parameter, default=parameter.accept(argument.default))
    except SpecError as error:
        raise SpecError(f"perturbation {name!r}: the default {error}") from None


def _place(function: Callable[..., Pixels]) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', function)}"
