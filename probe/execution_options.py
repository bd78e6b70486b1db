"""The options that say how a run is carried out, and change none of its numbers."""

from collections.abc import Callable, Iterable
from typing import Any

import click

_WORKING = (
    click.option(
        "--workers",
        type=int,
        default=1,
        show_default=True,
        help="Number of worker processes on this machine.",
    ),
    click.option(
        "--scheduler", metavar="ADDR", help="Address of a dask scheduler (tcp://…) whose workers share the work."
    ),
)

_WRITING = (
    click.option("--join", is_flag=True, help="Take blocks beside other processes that run the same command on RUN."),
    click.option(
        "--repair", is_flag=True, help="Read every byte of RUN first, and do again what is not as it was written."
    ),
    click.option("--durable", is_flag=True, help="Wait until every file is on the disk (fsync)."),
)


def execution(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --workers, --scheduler, --join, --repair and --durable."""
    return _with(_WORKING, writing(command))


def writing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --join, --repair and --durable."""
    return _with(_WRITING, command)


def _with(options: Iterable[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(list(options)):
        command = option(command)
    return command
