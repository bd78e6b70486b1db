"""BLIP-2 and InstructBLIP: a Q-Former reads an image's patches into a few queries for a language model.

Queries have no place in the picture. In InstructBLIP the Q-Former reads the question too. Where the language model is
T5, its encoder reads queries and question; the language states are those of its decoder, which has no image tokens.
"""

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

from torch import Tensor
from transformers.models.blip_2.modeling_blip_2 import BaseModelOutputWithVisionQformerOutputs

from ..reading import Grid
from ..sites import Tower
from ..state_kinds import kinds_of
from .decoder import Decoder, generation_start
from .family import FIXED, Family, Modules, Prompt, Reuse
from .tokens import ImageTokens, Inputs, cls_vit_towers, vit_grid, vit_leading


def grid(config: Any, image: Inputs, tower: str) -> Grid:
    """Patches in their rows and columns, queries in one row."""
    return vit_grid(config, image, tower) if tower == "vision" else (1, 1, config.num_query_tokens)


def t5_towers(config: Any) -> dict[str, Tower]:
    """A ViT with one CLS an image, the projection of its queries, and a decoder, which attends to what T5 has read."""
    text, kinds = config.text_config, kinds_of("language", without=("image",))
    decoder = Tower("language", text.num_decoder_layers, text.d_model, kinds)
    return {**cls_vit_towers(config), "language": decoder}


def no_image(module: Any, ids: Tensor) -> dict[str, Any]:
    """In place of pixels, for tokens after the image; an image token that the model generates keeps its embedding."""
    generated = module.get_input_embeddings()(ids[ids == module.config.image_token_index])
    features = BaseModelOutputWithVisionQformerOutputs(pooler_output=generated)
    return {"pixel_values": None, "mm_encoder_outputs": {"image": features}}


def only(language: str, instead: str) -> Callable[[Any, Any], str]:
    """Rejects other language models, and files that do not give the place of the image in a prompt."""

    def invalid_reason(config: Any, processor: Any) -> str:
        made_with = config.text_config.model_type
        if made_with != language:
            return f"its language model is {made_with!r}, only {language!r} can be read here. Use {instead}."
        if config.image_token_index is None or processor.num_query_tokens != config.num_query_tokens:
            return (
                f"its files are of an old revision: image_token_index {config.image_token_index} in config.json, "
                f"num_query_tokens {processor.num_query_tokens} in processor_config.json, where its Q-Former has "
                f"{config.num_query_tokens}. Use the newest revision."
            )
        return ""

    return invalid_reason


BLIP_2 = Family(
    name="blip-2",
    model_types=("blip-2",),
    modules=Modules(
        vision="vision_model.encoder.layers",
        projector="language_projection",
        language="language_model.model.decoder.layers",
        final_norm="language_model.model.decoder.final_layer_norm",
        generator="language_model",
    ),
    tokens=ImageTokens(cls_vit_towers, grid, leading=vit_leading),
    reuse=Reuse(image_prefix="causal", onward=no_image, cache=attrgetter("language_model_outputs.past_key_values")),
    prompt=Prompt(plain="Question: {text} Answer:"),  # the processor itself puts the image before it
    limit=FIXED,
    text_only=False,
    invalid_reason=only("opt", "Salesforce/blip2-opt-2.7b"),
    examples=("Salesforce/blip2-opt-2.7b", "Salesforce/blip2-opt-6.7b"),
)

INSTRUCTBLIP = replace(
    BLIP_2,
    name="instructblip",
    model_types=("instructblip",),
    modules=replace(
        BLIP_2.modules,
        language="language_model.model.layers",
        final_norm="language_model.model.norm",
        encoder="vision_model",
    ),
    reuse=replace(
        BLIP_2.reuse,
        image_prefix="question",
        onward=lambda module, ids: {**no_image(module, ids), "qformer_input_ids": None},
    ),
    prompt=Prompt(plain="{text}"),
    invalid_reason=only("llama", "Salesforce/instructblip-vicuna-7b"),
    examples=("Salesforce/instructblip-vicuna-7b", "Salesforce/instructblip-vicuna-13b"),
)

T5 = Modules(
    vision="vision_model.encoder.layers",
    projector="language_projection",
    language="language_model.decoder.block",
    final_norm="language_model.decoder.final_layer_norm",
    encoder="vision_model",
    generator="language_model",
    memory="language_model.encoder",
    decoder="language_model",
)

BLIP_2_T5 = replace(
    BLIP_2,
    name="blip-2_t5",
    model_types=("blip-2/t5",),
    modules=T5,
    tokens=replace(BLIP_2.tokens, towers=t5_towers),
    reuse=Reuse(image_prefix="decoder"),
    decoder=Decoder(generation_start("language_model")),
    prompt=replace(BLIP_2.prompt, ends_open=False),
    invalid_reason=only("t5", "Salesforce/blip2-flan-t5-xl"),
    examples=("Salesforce/blip2-flan-t5-xl", "Salesforce/blip2-flan-t5-xl-coco", "Salesforce/blip2-flan-t5-xxl"),
)

INSTRUCTBLIP_T5 = replace(
    BLIP_2_T5,
    name="instructblip_t5",
    model_types=("instructblip/t5",),
    prompt=replace(INSTRUCTBLIP.prompt, ends_open=False),
    invalid_reason=only("t5", "Salesforce/instructblip-flan-t5-xl"),
    examples=("Salesforce/instructblip-flan-t5-xl", "Salesforce/instructblip-flan-t5-xxl"),
)

FAMILIES = (BLIP_2, INSTRUCTBLIP, BLIP_2_T5, INSTRUCTBLIP_T5)
