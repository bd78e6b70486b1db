"""Suites: named lists of families, and the words in which a user asks for conditions.

NAME            a family or a suite, with all its default conditions
NAME:1,3        these severities (of every family of a suite)
NAME:A,B        these values of the parameter that needs no name (labels of text overlays)
NAME:dx=-8      one condition with these parameters
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..closest import did_you_mean
from .catalogue import FAMILIES
from .condition import CLEAN, Condition, Value
from .family import Family, Parameter, SpecError


@dataclass(frozen=True)
class Suite:
    """A named list of specs (families, in the grammar above) and what is done to every image first."""

    name: str
    specs: tuple[str, ...]
    description: str
    paper: str
    prepare: str = "none"


_GEOMETRIC = ("translation", "pad_crop", "scale", "scale_pad", "rotation")
_OVERLAYS = ("text_overlay.semantic", "text_overlay.random", "text_overlay.empty")
_DRIVING = ("motion_blur.horizontal", "low_light", "occlusion")
_NOISE = ("gaussian_noise", "shot_noise", "impulse_noise")
_BLUR = ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur")
_WEATHER = ("snow", "frost", "fog", "brightness")
_DIGITAL = ("contrast", "elastic_transform", "pixelate", "jpeg_compression")
_EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
_PILOT = ("gaussian_noise", "defocus_blur", "brightness", "jpeg_compression")
_EXTENDED = (*_NOISE, "defocus_blur", "zoom_blur", "fog", "brightness", *_DIGITAL)

_SUITES = (
    Suite("invariance", _GEOMETRIC + _OVERLAYS, "changes that should not matter", "HI", "longer_side_1024"),
    Suite("geometric", _GEOMETRIC, "the invariance suite without text overlays", "HI", "longer_side_1024"),
    Suite("overlays", _OVERLAYS, "text on the picture", "HI", "longer_side_1024"),
    Suite("driving", _DRIVING, "what a camera on a car meets", "SM"),
    Suite("common", _NOISE + _BLUR + _WEATHER + _DIGITAL, "the 15 corruptions of ImageNet-C, severities 1-5", "IC"),
    Suite("common_extra", _EXTRA, "its 4 extra corruptions, kept for validation", "IC"),
    Suite("pilot", tuple(f"{family}:1,3,5" for family in _PILOT), "4 corruptions at 3 severities", "AC", "jpeg_224"),
    Suite("extended", _EXTENDED, "11 corruptions at 5 severities", "AC", "jpeg_224"),
    Suite("frequency", ("low_pass", "high_pass", "band_noise"), "parts of the spectrum kept or disturbed", "HI"),
    Suite("fourier", ("fourier_basis",), "one wave at a time: the Fourier heat map", "FH"),
    Suite("priors", ("white", "mean_grey", "noise", "no_image"), "pictures without content, and none", "HI"),
    Suite("demo", _GEOMETRIC + _OVERLAYS + _DRIVING, "invariance and driving: what `probe demo` runs", "HI, SM",
          "longer_side_1024"),
)  # fmt: skip

SUITES: dict[str, Suite] = {suite.name: suite for suite in _SUITES}


LONGEST_LEVEL = 9
"""Digits of a severity."""


def parse(specs: Sequence[str], *, labels: tuple[str, ...] = ()) -> tuple[Condition, ...]:
    """The conditions that the specs name: clean first, then in the order given, each once.

    `labels` are the answers that `text_overlay.semantic` writes, one condition each.

    >>> [condition.id for condition in parse(["motion_blur:1,3", "scale"])]
    ['clean', 'motion_blur:1', 'motion_blur:3', 'scale']

    Raises SpecError where a spec names nothing.
    """
    found = {CLEAN.id: CLEAN}
    for spec in specs:
        for condition in _conditions(spec, labels):
            found.setdefault(condition.id, condition)
    return tuple(found.values())


def prepare(specs: Sequence[str]) -> str:
    """The name of the preparation that the specs' suites ask for, "none" where they ask for none.

    Only suites prepare; a family named alone takes the images as they are. Raises SpecError where two suites ask for
    different ones, because there is only one clean image.

    >>> prepare(["invariance", "driving"])
    'longer_side_1024'
    """
    wanted = {
        SUITES[name].prepare: name
        for name in (spec.partition(":")[0].strip() for spec in specs)
        if name in SUITES and SUITES[name].prepare != "none"
    }
    if len(wanted) > 1:
        both = " and ".join(f"suite {suite!r} ({preparation})" for preparation, suite in wanted.items())
        raise SpecError(f"{both} prepare the clean image differently. Extract them as two runs.")
    return next(iter(wanted), "none")


def _conditions(spec: str, labels: tuple[str, ...]) -> tuple[Condition, ...]:
    name, colon, arguments = (part.strip() for part in spec.partition(":"))
    items = [item.strip() for item in arguments.split(",")] if colon else []
    if name == CLEAN.family:
        if colon:
            raise SpecError(f"{spec!r}: 'clean' takes nothing. It is always there, first.")
        return (CLEAN,)
    if colon and not all(items):
        raise SpecError(f"{spec!r}: something is missing after the colon or between commas.")
    if name in FAMILIES:
        return _of_family(FAMILIES[name], items, labels)
    if name in SUITES:
        return _of_suite(SUITES[name], items, labels)
    hint = did_you_mean(name, [*FAMILIES, *SUITES])
    known = hint or f" Families: {', '.join(FAMILIES)}. Suites: {', '.join(SUITES)}."
    raise SpecError(f"perturbation {name!r} is neither a family nor a suite.{known}")


def _of_suite(suite: Suite, severities: list[str], labels: tuple[str, ...]) -> tuple[Condition, ...]:
    if not severities:
        # a dataset without options has no answers to write: the suite's semantic overlays are then none
        return tuple(c for s in suite.specs if labels or s != "text_overlay.semantic" for c in _conditions(s, labels))
    families = [FAMILIES[spec.partition(":")[0]] for spec in suite.specs]
    without = [family.name for family in families if not family.severities]
    if without:
        raise SpecError(f"suite {suite.name!r} has no severities, because {without[0]} has none. Write {suite.name}.")
    if named := [item for item in severities if "=" in item]:
        raise SpecError(
            f"{suite.name}:{named[0]}: a suite takes severities, such as {suite.name}:3; parameters belong to one "
            f"family, such as {families[0].name}:{named[0]}."
        )
    return tuple(_severity(family, item) for family in families for item in severities)


def _of_family(family: Family, items: list[str], labels: tuple[str, ...]) -> tuple[Condition, ...]:
    if not items:
        conditions = family.conditions(labels=labels)
        if not conditions:
            raise SpecError(f"{family.name}: the dataset has no options, so there is nothing to write.")
        return conditions
    named: dict[str, Value] = {}
    for key, value in (_named(family, item) for item in items if "=" in item):
        if key in named:
            raise SpecError(f"{family.name}: {key} is given twice. Write one spec per condition.")
        named[key] = value
    positional = [item for item in items if "=" not in item]
    if not positional:
        return family.spread(**named)
    if family.bare is None and named:
        raise SpecError(
            f"{family.name}:{','.join(items)} mixes severities with parameters, or gives one parameter two values. "
            "Give one or the other, and a spec per condition."
        )
    if family.bare is None:
        return tuple(_severity(family, item) for item in positional)
    bare = family.bare
    return tuple(family.condition(**{bare.name: _value(family, bare, item), **named}) for item in positional)


def _severity(family: Family, item: str) -> Condition:
    if not family.severities:
        takes = f"It takes: {'; '.join(map(str, family.parameters))}." if family.parameters else "It takes nothing."
        meant = f" Did you mean {family.name}:{family.parameters[0].name}={item}?" if family.parameters else ""
        raise SpecError(f"{family.name}:{item}: {family.name} has no severities.{meant} {takes}")
    if not (item.isdecimal() and item.isascii() and len(item) <= LONGEST_LEVEL):
        levels = ", ".join(map(str, family.severities))
        raise SpecError(f"{family.name}:{item}: a severity is one of {levels}; a parameter is written name=value.")
    return family.at(int(item))


def _named(family: Family, item: str) -> tuple[str, Value]:
    name, _, text = (part.strip() for part in item.partition("="))
    if name == "severity" and family.severities:
        raise SpecError(f"{family.name}:{item}: write {family.name}:{text}.")
    return name, _value(family, family.parameter(name), text)


def _value(family: Family, parameter: Parameter, text: str) -> Value:
    try:
        if parameter.type is bool:
            return {"true": True, "false": False}[text.lower()]
        return parameter.type(text)
    except (ValueError, KeyError):
        raise SpecError(f"{family.name}: {text!r} is no value for {parameter}.") from None
