"""From the name that a user gives to a model to the place that it is loaded from."""

from os import PathLike

from hooks.settings import place

from . import pocket


def source(model: str | PathLike[str]) -> str:
    """The folder of an embedded model, or the name as it is: a local folder or a hub id.

    >>> source("some-org/some-model")
    'some-org/some-model'
    """
    model = place("model", model)
    return str(pocket.path(model)) if model in pocket.NAMES else model
