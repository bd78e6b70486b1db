"""A run in a notebook: a short summary of it, and what other packages add to it (`run.plot`)."""

from collections.abc import Callable
from html import escape
from typing import Any, TypeVar

Made = TypeVar("Made")

_MAKERS: dict[str, Callable[[Any], Any]] = {}

MOST = 12
"""Names of one kind that the summary shows; of more it says how many there are."""


def register_run_accessor(name: str) -> Callable[[Callable[[Any], Made]], Callable[[Any], Made]]:
    """Let each run have `name`, made of the run when it is first asked for: a decorator, as xarray has it.

    Raises ValueError for a name that is no identifier, or that runs have already.
    """

    def register(make: Callable[[Any], Made]) -> Callable[[Any], Made]:
        if not name.isidentifier():
            raise ValueError(f"run accessor {name!r}: this is no name. Use letters, digits and _.")
        if name in _MAKERS or any(hasattr(runs, name) for runs in InNotebook.__subclasses__()):
            raise ValueError(f"run accessor {name!r}: there is one already. Choose another name.")
        _MAKERS[name] = make
        return make

    return register


class InNotebook:
    """What a run has there: names that others registered, in completion too, and `_repr_html_`."""

    def __getattr__(self, name: str) -> Any:
        if name in _MAKERS:
            made = _MAKERS[name](self)
            self.__dict__[name] = made
            return made
        if hasattr(type(self), name):  # a property that failed with an AttributeError: let it say so itself
            return object.__getattribute__(self, name)
        plot = " Plots come with `probe`: open the run with `probe.open_run`, or import `probe.plots`."
        raise AttributeError(f"a run has no {name!r}.{plot if name == 'plot' else ''}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_MAKERS})

    def _repr_html_(self) -> str:
        return summary(self)


def summary(run: Any) -> str:
    """A table of what a run is, how large it is, what it stores, and what is missing or failed; all texts escaped."""
    settings, sizes = run.plan.get("settings", {}), run.sizes
    units = sizes.blocks * sizes.conditions
    rows = {
        "model": settings.get("model", ""),
        "dataset": settings.get("dataset", ""),
        "size": f"{len(run.images.image)} images, {run.samples.sizes.get('sample', 0)} questions, {sizes.conditions} "
        "conditions",
        "families": some(list(dict.fromkeys(run.conditions.family.values.tolist()))),
        "sites": some(list(run.sites)) or "none: answers alone",
        "results": some(list(run.results)) or "none yet: `probe analyze`",
        "missing": f"{len(run.missing)} of {units} units" if run.missing else "",
        "damaged": f"{len(run.damaged)} units" if run.damaged else "",
        "failed": some([f"{name}: {message}" for name, message in run.failed.items()]),
    }
    lines = [
        f'<tr><th style="text-align:left">{name}</th><td style="text-align:left">{visible(text)}</td></tr>'
        for name, text in rows.items()
        if text
    ]
    return f"<table><caption>Run {visible(str(run.path))}</caption>{''.join(lines)}</table>"


def some(names: list[str]) -> str:
    """The names, or the first of many and how many there are."""
    shown = ", ".join(map(str, names[:MOST]))
    return f"{shown}, … ({len(names)} in all)" if len(names) > MOST else shown


def visible(text: str, *, longest: int = 2000) -> str:
    """Text for a page: escaped, and what hides, acts or turns the direction of reading written out.

    >>> visible("<b>\\u202e")
    '&lt;b&gt;\\\\u202e'
    """
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    shown = (each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
    return escape("".join(shown))
