"""The options of the command line that all interventions in a finished run take."""

import re
from collections.abc import Callable
from typing import Any

import click


class Layers(click.ParamType[tuple[int, ...]]):
    """Layers of the language model: `4,8,12-16`; 0 is the input of the first block."""

    name = "layers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Numbers in ascending order, each once."""
        if isinstance(value, tuple):
            return value
        found: set[int] = set()
        for part in str(value).split(","):
            if not (match := re.fullmatch(r"\s*(\d{1,4})(?:-(\d{1,4}))?\s*", part, re.ASCII)):
                self.fail(f"{value!r} names no layers. Write numbers and ranges: 4,8,12-16.", param, ctx)
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                self.fail(f"{part.strip()!r} runs backwards. Write {last}-{first}.", param, ctx)
            found |= {*range(first, last + 1)}
        return tuple(sorted(found))


def layers(about: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option --layers; `about` says what is done at them, and which are taken without it."""
    return click.option("--layers", type=Layers(), metavar="N,N-M,…", help=about)


def intervening(*, pairs: str, batch: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How many pairs, drawn by which seed, how many copies in a forward, and where; `pairs` and `batch` are the helps.

    In the order in which help shows them.
    """
    options = (
        click.option("--pairs", type=click.IntRange(min=1), default=300, show_default=True, metavar="N", help=pairs),
        click.option(
            "--seed", type=int, default=0, show_default=True, help="Random seed of the pairs and the bootstrap."
        ),
        click.option("-b", "--batch", type=click.IntRange(min=1), default=64, show_default=True, help=batch),
        click.option("--device", default="auto", show_default=True, help="Where to run: cpu, cuda, cuda:1, …"),
        click.option(
            "--trust-remote-code", is_flag=True, help="Run the code that comes with a checkpoint. Off by default."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table."),
    )

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options
