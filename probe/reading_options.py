"""The options of the command line that say how a dataset is read."""

from collections.abc import Callable

import click

max_pixels = click.option(
    "--max-pixels",
    type=int,
    metavar="N",
    help="Refuse pictures of more pixels, before they are decoded.  [default: 67108864, 8192x8192]",
)
"""The one of them that goes with whatever reads pictures."""

READING = (
    click.option(
        "--columns",
        multiple=True,
        metavar="OURS=THEIRS,…",
        help="Which column of your table is what: image=path,question=q,options=A+B+C+D,answer=gt.",
    ),
    click.option("--dataset-revision", metavar="REVISION", help="Revision of the dataset on the hub."),
    click.option("--outside-paths", is_flag=True, help="Allow pictures outside of the dataset's folder."),
    max_pixels,
)
"""How a dataset is read: the options of a verb that takes one of any kind."""


def reading(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say how a dataset is read, in the order in which help shows them."""
    for option in reversed(READING):
        command = option(command)
    return command
