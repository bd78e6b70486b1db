"""The options that say how a model answers, and what of its answers is scored."""

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--max-new-tokens",
        type=int,
        help="Maximum number of tokens of a free answer.  [default: 256 of a description, 64 of an answer to an open "
        "question, 32 beside options]",
    ),
    click.option("--free-answers", is_flag=True, help="Also let the model answer freely where there are options."),
    click.option(
        "--forms",
        is_flag=True,
        help="Also score each option as the sum over its forms (yes, Yes, with and without a space).",
    ),
    click.option(
        "--end-of-turn",
        is_flag=True,
        help="Also score the end of the turn after each option, which takes a forward more.",
    ),
    click.option(
        "--readouts",
        multiple=True,
        metavar="NAME",
        help="What else to read in the same forwards; may be given several times. lens: what the head reads of the "
        "options in every layer. attention: where the last token before the answer looks, by layer and head, and how "
        "far each head moves from the clean image. attention_map: the same by place of the image, mean over heads.",
    ),
)


def answering(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --max-new-tokens, --free-answers, --forms, --end-of-turn and --readouts."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
