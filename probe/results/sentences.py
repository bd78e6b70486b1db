"""Every sentence on what was found passes through `say`, which knows what is undefined, few, or of one image.

A sentence whose number is undefined is not said; a number carries its interval; a run of few images says so. "Most" is
said only where the images tell the first from the next (`Extreme`).
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from analyses.statistics import extremes

FEW = 20
"""Images below which a sentence carries a warning, and cases below which a rate is shown, not put into a sentence."""


class Sentence(str):
    """A sentence that `say` made."""

    __slots__ = ()


@dataclass(frozen=True)
class Number:
    """A number of a sentence: an estimate, alone or with low and high, and how it is written.

    `scale` is what it is multiplied by, 100 for percent. `cases`: how many answers or samples it is a rate of; of fewer
    than 20 nothing is said. `signed` writes a plus.
    """

    values: Any
    digits: int = 2
    scale: float = 1.0
    unit: str = ""
    cases: float | None = None
    signed: bool = False

    @property
    def estimate(self) -> float:
        return float(np.ravel(np.asarray(self.values, np.float64))[0])

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high, nan where there are none."""
        numbers = np.ravel(np.asarray(self.values, np.float64))
        return (float(numbers[1]), float(numbers[2])) if len(numbers) == 3 else (np.nan, np.nan)

    @property
    def is_said(self) -> bool:
        """Whether it is defined, and of enough cases."""
        return bool(np.isfinite(self.estimate)) and (self.cases is None or self.cases >= FEW)

    @property
    def excludes_zero(self) -> bool:
        """Whether its interval lies on one side of 0."""
        low, high = self.bounds
        return low > 0 or high < 0

    def _rounded(self, number: float) -> float:
        return round(number * self.scale, self.digits) + 0.0  # no -0

    def __str__(self) -> str:
        sign = "+" if self.signed else ""
        estimate, low, high = (f"{self._rounded(x):{sign}.{self.digits}f}" for x in (self.estimate, *self.bounds))
        unit = f" {self.unit}" if self.unit else ""
        interval = f" [{low}, {high}]" if np.isfinite(self.bounds).all() else ""
        # "36.1 % [31.2, 40.9]", "3.82 [3.31, 4.33] nats"
        return f"{estimate}{unit}{interval}" if self.unit == "%" else f"{estimate}{interval}{unit}"


def share(values: Any, cases: Any = None) -> Number:
    """A share, said in percent with one digit.

    >>> str(share([0.5, 0.25, 0.75])), share([np.nan] * 3).is_said
    ('50.0 % [25.0, 75.0]', False)
    """
    return Number(values, digits=1, scale=100, unit="%", cases=None if cases is None else float(cases))


def say(data: xr.Dataset, template: str, **parts: "Number | str | int") -> Sentence | None:
    """The template with its parts filled in; None where one of them is undefined or rests on too few cases.

    In: the result, whose attribute `images` counts the run's images. Fewer than 20 are named at the end; one image has
    no interval, which is named too.

    >>> few = xr.Dataset(attrs={"images": 8})
    >>> say(few, "{name} flips {rate}.", name="blur", rate=share([0.5, 0.25, 0.75]))
    'blur flips 50.0 % [25.0, 75.0] (of 8 images only).'
    >>> say(few, "{name} flips {rate}.", name="blur", rate=share([np.nan] * 3)) is None
    True
    """
    if not all(part.is_said for part in parts.values() if isinstance(part, Number)):
        return None
    text = re.sub(r"\s+", " ", template).format(**parts)
    images = int(data.attrs.get("images", FEW))
    if images >= FEW:
        return Sentence(text)
    warning = "of one image, which tells nothing of others" if images == 1 else f"of {images} images only"
    return Sentence(f"{text.removesuffix('.')} ({warning}).")


def said(*sentences: Sentence | None) -> tuple[Sentence, ...]:
    """Those that are said."""
    return tuple(sentence for sentence in sentences if sentence is not None)


@dataclass(frozen=True)
class Extreme:
    """The entry of a variable that is highest, or lowest, and what it is called.

    `lead` is its difference to the next, with an interval; `next_label` names that one. `tested`: the interval lies
    above 0, so that "most" may be said; without a next it has no lead.
    """

    label: str
    values: xr.DataArray
    lead: Number
    next_label: str = ""

    @property
    def tested(self) -> bool:
        return self.lead.is_said and self.lead.bounds[0] > 0

    def parts(self, tested: str, else_: str, **settings: Any) -> "dict[str, Number | str]":
        """The parts of a sentence: `family`, its `rate` in percent, the `word` that fits, and how it is `standing`."""
        found: dict[str, Number | str] = {"family": self.label, "rate": share(self.values, **settings)}
        return found | {"word": self.named(tested, else_), "standing": self.standing}

    def named(self, tested: str, else_: str) -> str:
        """One word where the lead is tested, another where it is not."""
        return tested if self.tested else else_

    @property
    def standing(self) -> str:
        """How it stands to the next, as the end of a sentence: empty where that is told by "most"."""
        if self.tested or not self.next_label or not self.lead.is_said:
            return ""
        return f", not distinguishable from {self.next_label}, the next"


def highest(data: xr.Dataset, name: str, dim: str = "family") -> Extreme | None:
    """The entry with the largest estimate among those that are compared; None where there is none.

    In: a result with the variable `name` (dim, bound) and `{name}_above_others` (dim, bound), which is defined for the
    entries that are compared: of families, single perturbations, no controls and no unions.
    """
    return _extreme(data, name, dim, f"{name}_{extremes.SIDES[0]}", 1)


def lowest(data: xr.Dataset, name: str, dim: str = "family") -> Extreme | None:
    """As `highest`, the smallest, by `{name}_below_others`."""
    return _extreme(data, name, dim, f"{name}_{extremes.SIDES[1]}", -1)


def _extreme(data: xr.Dataset, name: str, dim: str, lead: str, sign: int) -> Extreme | None:
    if name not in data:
        return None
    values = data[name].transpose(dim, "bound")
    compared = _compared(data, dim)
    middle = np.where(compared, sign * values.sel(bound="estimate").values, np.nan)
    order = [int(place) for place in np.argsort(-middle, kind="stable") if np.isfinite(middle[place])]
    if not order:
        return None
    labels = values[dim].values
    ahead = data[lead].transpose(dim, "bound")[order[0]].values if lead in data else [np.nan] * 3
    following = str(labels[order[1]]) if len(order) > 1 else ""
    return Extreme(str(labels[order[0]]), values[order[0]], Number(ahead), following)


def _compared(data: xr.Dataset, dim: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Of families those of the last union, all perturbations; of other dimensions all entries."""
    unions = data.attrs.get("unions", {})
    if dim != "family" or not unions:
        return np.ones(data.sizes[dim], np.bool_)
    return np.isin(data[dim].values.astype(str), list(unions.values())[-1])
