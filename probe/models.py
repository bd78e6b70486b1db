"""From the name that a user gives to a model to the place that it is loaded from."""

from . import pocket


def source(model: str) -> str:
    """The folder of an embedded model, or the name as it is: a local folder or a hub id.

    >>> source("some-org/some-model")
    'some-org/some-model'
    """
    return str(pocket.path(model)) if model in pocket.NAMES else model
