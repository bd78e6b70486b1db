"""The options of the command line that say how a model is loaded."""

from collections.abc import Callable, Sequence
from typing import get_args

import click

from hooks.load_options import Dtype, Quantize


def one_of(words: Sequence[str]) -> str:
    """The words that an option takes, for its help. What takes it says what is wrong with others."""
    return f"[{'|'.join(words)}]"


LOADING = (
    click.option(
        "--dtype",
        metavar=one_of(get_args(Dtype)),
        default="auto",
        show_default=True,
        help="Data type of the weights and activations; auto: that of the checkpoint on a GPU, float32 on a CPU.",
    ),
    click.option("--quantize", metavar=one_of(get_args(Quantize)), help="Quantise the weights, through bitsandbytes."),
    click.option("--double-quantization", is_flag=True, help="Also quantise the scales of nf4."),
    click.option("--device", default="auto", show_default=True, help="Where to run: cpu, cuda, cuda:1, …"),
    click.option(
        "--visual-tokens",
        type=int,
        help="Maximum number of visual tokens of an image, for models that can limit them.",
    ),
    click.option(
        "--pictures-on-device",
        is_flag=True,
        help="Resize and normalise pictures on the model's device, with processors that can.",
    ),
    click.option("--plain", is_flag=True, help="Prompt without the chat template, for base models."),
    click.option("--revision", help="Revision of the model on the hub."),
    click.option("--adapter", metavar="FOLDER", help="Apply an adapter (LoRA) to the model, through peft."),
    click.option(
        "--trust-remote-code", is_flag=True, help="Run the code that comes with a checkpoint. Off by default."
    ),
)
"""How a model is loaded: the options of every verb that loads one."""


def loading(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say how a model is loaded, in the order in which help shows them."""
    for option in reversed(LOADING):
        command = option(command)
    return command


def loading_weights(command: Callable[..., None]) -> Callable[..., None]:
    """Those of these options that go with every model, also one that reads no text: dtype, device, revision, code."""
    for option in reversed([LOADING[0], LOADING[3], LOADING[7], LOADING[9]]):
        command = option(command)
    return command
