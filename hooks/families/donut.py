"""Donut: a Swin transformer on the whole page, and a BART that is asked in marks of its own and answers behind them.

The stages of the Swin have maps of different sizes and widths. The one that has a site is the last, which the decoder
attends to. The language states are the decoder's, which has no image tokens.
"""

from typing import Any

from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .decoder import Decoder, Given, without_prompt
from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs

MARKS = ("<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>")


def towers(config: Any) -> dict[str, Tower]:
    """The last map of the image tower, and the decoder."""
    seen, text = config.encoder, config.decoder
    kinds = kinds_of("language", without=("image",))
    layers = getattr(text, "decoder_layers", text.num_hidden_layers)  # BART's name for them; no other decoder is read
    return {
        "vision": Tower("vision", 0, seen.hidden_size, kinds_of("vision", without=("cls", "pooled"))),
        "language": Tower("language", layers, text.hidden_size, kinds),
    }


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """The rows and columns of the last map: every stage but the first halves them."""
    patch, halvings = config.encoder.patch_size, len(config.encoder.depths) - 1
    rows, cols = (-(-length // patch) for length in image["pixel_values"].shape[-2:])
    for _ in range(halvings):
        rows, cols = -(-rows // 2), -(-cols // 2)
    return (1, rows, cols)


def asked(module: Any, inputs: Given) -> Tensor:
    """The decoder reads the prompt itself."""
    return inputs["input_ids"]


def page(memory: Any, inputs: Given) -> dict[str, Any]:
    """The last map, all of it."""
    return {"encoder_outputs": BaseModelOutput(last_hidden_state=memory.last_hidden_state)}


def behind_answer(config: Any, processor: Any) -> tuple[int, ...]:
    """The mark that ends an answer, or the end of the text."""
    return (processor.tokenizer.convert_tokens_to_ids(MARKS[-1]), processor.tokenizer.eos_token_id)


def not_asked(config: Any, processor: Any) -> str:
    """Only a Donut that was taught to answer has the marks of a question."""
    if config.encoder.model_type == "donut-swin" and all(mark in processor.tokenizer.get_vocab() for mark in MARKS):
        return ""
    return "it is not asked questions. Use naver-clova-ix/donut-base-finetuned-docvqa."


DONUT = Family(
    name="donut",
    model_types=("vision-encoder-decoder",),
    modules=Modules(
        vision="encoder",
        language="decoder.model.decoder.layers",
        final_norm="decoder.model.decoder.layer_norm",
        encoder="encoder",
        memory="encoder",
    ),
    tokens=ImageTokens(towers, grid, image_token=lambda config: -1),
    reuse=Reuse(image_prefix="decoder"),
    decoder=Decoder(begin=asked, given=page, whole=without_prompt, stop=behind_answer, apart=False),
    prompt=Prompt(
        plain="<s_docvqa><s_question>{text}</s_question><s_answer>", call_settings={"add_special_tokens": False}
    ),
    limit=FIXED,
    text_only=False,
    invalid_reason=not_asked,
    examples=("naver-clova-ix/donut-base-finetuned-docvqa",),
)

FAMILIES = (DONUT,)
