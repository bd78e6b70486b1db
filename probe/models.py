"""From the name that a user gives to a model to the place that it is loaded from."""

from os import PathLike

from hooks.settings import place

from . import pocket

PREFIX = "api:"
"""What stands before the name of a model behind an address."""


def source(model: str | PathLike[str]) -> str:
    """The folder of an embedded model, or the name as it is: a local folder or a hub id.

    >>> source("some-org/some-model")
    'some-org/some-model'
    """
    model = place("model", model)
    if model.startswith(PREFIX):
        raise ValueError(f"model {model!r} is served elsewhere: it has answers and no sites. `probe extract` asks it.")
    return str(pocket.path(model)) if model in pocket.NAMES else model
