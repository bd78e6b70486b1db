"""The options that say where a served model (api:NAME) is, and how it is asked."""

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option("--endpoint", metavar="URL", help="Address of the server of api:MODEL, up to /v1."),
    click.option(
        "--requests", type=int, default=8, show_default=True, help="Number of requests to a server at a time."
    ),
    click.option(
        "--request-timeout",
        type=int,
        metavar="SECONDS",
        default=120,
        show_default=True,
        help="Longest time that a request to a server may take.",
    ),
    click.option(
        "--key-variable",
        metavar="NAME",
        default="OPENAI_API_KEY",
        show_default=True,
        help="Environment variable that holds the key to a server. The key is never stored or shown.",
    ),
)


def serving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --endpoint, --requests, --request-timeout and --key-variable."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
