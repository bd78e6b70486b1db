"""A family: one pure function, its parameters with their ranges, and the conditions that a run takes by default."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..closest import did_you_mean
from ..sample import Pixels
from .condition import BARE, CLEAN, Condition, Value

Settings = Mapping[str, Value]


class SpecError(ValueError):
    """A perturbation was asked for in words that name none."""


@dataclass(frozen=True)
class Parameter:
    """One argument of a family's function. Without a default it must be given.

    `low` and `high` bound numbers (both ends allowed); `choices` lists the allowed texts, where they are few.
    """

    name: str
    type: type[Value]
    meaning: str
    default: Value | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    odd: bool = False

    @property
    def required(self) -> bool:
        """Whether the family has no meaning without it."""
        return self.default is None

    def __str__(self) -> str:
        bounds = f" in [{self.low:g}, {self.high:g}]" if self.low is not None and self.high is not None else ""
        choices = f" ({' or '.join(self.choices)})" if self.choices else ""
        return f"{self.name}={self.type.__name__}{bounds}{', odd' if self.odd else ''}{choices}"

    def accept(self, value: Value) -> Value:
        """The value in its own type, or SpecError where it lies outside what the function is defined for."""
        wanted = (int, float) if self.type is float else self.type
        if not isinstance(value, wanted) or (isinstance(value, bool) and self.type is not bool):
            raise SpecError(f"{self.name}={value!r} is not of type {self.type.__name__}. Give {self}.")
        value = self.type(value) + 0.0 if self.type is float else self.type(value)  # no -0: it has another name
        if isinstance(value, int | float) and not self._within(value):
            raise SpecError(f"{self.name}={value} is out of range. Give {self}.")
        if isinstance(value, str) and not (value in self.choices if self.choices else value.isalnum()):
            raise SpecError(
                f"{self.name}={value!r} is not allowed. Give {self if self.choices else 'letters or digits'}."
            )
        return value

    def _within(self, value: float) -> bool:
        # written so that a not-a-number fails every comparison
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return above and below and (not self.odd or value % 2 == 1)


@dataclass(frozen=True)
class Family:
    """Conditions of one kind.

    `function` is pure: (pixels, rng, **parameters) -> pixels, uint8 RGB in and out; it may return its argument.
    `listed` are the default conditions' settings; `severities` takes their place where the family has levels, and
    `per_label` where they depend on the answer labels of the dataset. `needs_others` families are also given
    `others`, a source of other images of the dataset. One that `text_only` leaves the question alone: models
    that can be asked so are shown no picture, and its function has none to make. Only one that `resizes` may hand out
    a picture of another size.
    """

    name: str
    function: Callable[..., Pixels]
    description: str
    paper: str
    parameters: tuple[Parameter, ...] = ()
    listed: tuple[Settings, ...] = ({},)
    severities: Mapping[int, Settings] = field(default_factory=dict[int, Settings])
    per_label: Callable[[Sequence[str]], tuple[Settings, ...]] | None = None
    needs_others: bool = False
    text_only: bool = False
    resizes: bool = False

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name; SpecError with the closest one where there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = [parameter.name for parameter in self.parameters]
        takes = f"It takes: {'; '.join(map(str, self.parameters))}." if known else "It takes no parameters."
        raise SpecError(f"{self.name} has no parameter {name!r}.{did_you_mean(name, known)} {takes}")

    def condition(self, **given: Value) -> Condition:
        """The condition with these parameters, checked, in declared order, defaults left out.

        Parameters of a severity give the condition of that severity: one map, one id.
        """
        values = {name: self.parameter(name).accept(value) for name, value in given.items()}
        missing = [p for p in self.parameters if p.required and p.name not in values]
        if missing:
            known = self.severities or self.per_label or any(self.listed)
            hint = f" Write for example {self.conditions(labels=('A',))[0].id!r}." if known else ""
            raise SpecError(f"{self.name} needs {', '.join(map(str, missing))}.{hint}")
        changed = tuple((p.name, values[p.name]) for p in self.parameters if values.get(p.name, p.default) != p.default)
        level = next((level for level, one in self.severities.items() if dict(changed) == one), None)
        return Condition(self.name, changed) if level is None else self.at(level)

    def spread(self, **given: Value) -> tuple[Condition, ...]:
        """The condition with these parameters; or, where what is listed has what they lack, each listed one with them.

        >>> from probe.perturbations import FAMILIES
        >>> [condition.id for condition in FAMILIES["reread"].spread(share=0.5)][:2]
        ['reread:by=batch,share=0.5', 'reread:by=padding,share=0.5']
        """
        lacking = [p.name for p in self.parameters if p.required and p.name not in given]
        if lacking and all({*lacking} == {*one} for one in self.listed):
            return tuple(self.condition(**one, **given) for one in self.listed)
        return (self.condition(**given),)

    def at(self, severity: int) -> Condition:
        """The condition of one level, `clean` at 0; SpecError where the family has no such level."""
        if severity == 0 and self.severities:
            return CLEAN
        if severity not in self.severities:
            levels = ", ".join(map(str, self.severities))
            cure = f"Its severities are {levels}." if levels else "It has no severities."
            raise SpecError(f"{self.name} has no severity {severity}. {cure}")
        return Condition(self.name, tuple(self.severities[severity].items()), severity)

    def require(self, condition: Condition) -> None:
        """SpecError where a condition that was made by hand is none of this family's, or has another id."""
        if condition.severity is None:
            named = self.condition(**dict(condition.parameters))
        else:
            named = self.at(condition.severity)
        if named != condition:
            raise SpecError(f"{condition!r} is no condition of {self.name}: it is {named!r}. Use parse, or Family.at.")

    def conditions(self, *, labels: Sequence[str] = ()) -> tuple[Condition, ...]:
        """The default conditions: every severity, or one per label, or the listed ones."""
        if self.severities:
            return tuple(self.at(severity) for severity in self.severities)
        settings = self.listed if self.per_label is None else self.per_label(labels)
        return tuple(self.condition(**one) for one in settings)

    def settings(self, condition: Condition) -> dict[str, Value]:
        """All parameters of a condition of this family by name, defaults filled in."""
        defaults = {p.name: p.default for p in self.parameters if p.default is not None}
        return {**defaults, **dict(condition.parameters)}

    @property
    def bare(self) -> Parameter | None:
        """The parameter that may be given without its name, if there is one."""
        return next((parameter for parameter in self.parameters if parameter.name in BARE), None)
