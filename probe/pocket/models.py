# pyright: reportCallIssue=false, reportArgumentType=false
# (transformers decorates its configs and `to` so that type checkers see neither their keywords nor their arguments)
"""The architectures of the pocket models and how they are written to disk: plain transformers checkpoints."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    ProcessorMixin,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessorPil,
)

from . import tokenizer as vocabulary

SIDE, PATCH = 224, 16
PATCHES = (SIDE // PATCH) ** 2
MEAN, STD = [0.45, 0.45, 0.45], [0.25, 0.25, 0.25]
LABELS = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)


@dataclass(frozen=True)
class Shape:
    """The sizes of one transformer tower."""

    width: int
    layers: int
    heads: int
    inner: int


VISION = Shape(width=160, layers=6, heads=5, inner=640)
LANGUAGE = Shape(width=128, layers=4, heads=4, inner=352)
CAPTION = Shape(width=96, layers=2, heads=3, inner=384)
CAPTION_LENGTH = 64


def new_clip() -> CLIPModel:
    """pocket-clip with fresh weights."""
    text = {
        **_tower(CAPTION),
        "vocab_size": vocabulary.SIZE,
        "max_position_embeddings": CAPTION_LENGTH,
        **_special_ids(),
    }
    vision = {**_tower(VISION), "image_size": SIDE, "patch_size": PATCH}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=96))


def new_vlm() -> LlavaForConditionalGeneration:
    """pocket-vlm with fresh weights: the vision tower of pocket-clip, a two-layer projector and a small Llama."""
    text = LlamaConfig(
        vocab_size=vocabulary.SIZE,
        hidden_size=LANGUAGE.width,
        intermediate_size=LANGUAGE.inner,
        num_hidden_layers=LANGUAGE.layers,
        num_attention_heads=LANGUAGE.heads,
        num_key_value_heads=LANGUAGE.heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        **_special_ids(),
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**_tower(VISION), image_size=SIDE, patch_size=PATCH).to_dict(),
        text_config=text.to_dict(),
        image_token_index=vocabulary.SPECIAL.index(vocabulary.IMAGE),
        image_seq_length=PATCHES,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
        **_special_ids(),
    )
    return LlavaForConditionalGeneration(config)


def new_segformer() -> SegformerForSemanticSegmentation:
    """pocket-segformer with fresh weights: four stages, at 1/4 to 1/32 of the image side."""
    config = SegformerConfig(
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={name: number for number, name in enumerate(LABELS)},
        depths=[1, 1, 2, 2],
        hidden_sizes=[32, 64, 96, 128],
        num_attention_heads=[1, 2, 3, 4],
        mlp_ratios=[2, 2, 4, 4],
        sr_ratios=[8, 4, 2, 1],
        decoder_hidden_size=64,
        semantic_loss_ignore_index=255,
        hidden_dropout_prob=0.0,
        classifier_dropout_prob=0.0,
        drop_path_rate=0.0,
    )
    return SegformerForSemanticSegmentation(config)


def clip_processor(words: Tokenizer) -> CLIPProcessor:
    """Pictures and captions to tensors."""
    return CLIPProcessor(_image_processor(), vocabulary.for_captions(words, CAPTION_LENGTH))


def vlm_processor(words: Tokenizer) -> LlavaProcessor:
    """Pictures and chats to tensors; `<image>` becomes 196 image tokens."""
    return LlavaProcessor(
        _image_processor(),
        vocabulary.for_chat(words),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=vocabulary.CHAT_TEMPLATE,
        image_token=vocabulary.IMAGE,
        num_additional_image_tokens=1,  # the class token, which "default" takes off again
    )


def segformer_processor() -> SegformerImageProcessorPil:
    """Pictures to tensors."""
    return SegformerImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD, do_reduce_labels=False
    )


def save(model: PreTrainedModel, processor: ProcessorMixin | SegformerImageProcessorPil, folder: Path) -> None:
    """Write a model in half precision, with its processor; files are swapped in whole, so that readers may watch."""
    staged = folder.with_name(folder.name + ".new")
    half = type(model)(model.config).to(torch.float16)
    half.load_state_dict(model.state_dict())
    half.save_pretrained(staged)
    processor.save_pretrained(staged)
    folder.mkdir(parents=True, exist_ok=True)
    for file in staged.iterdir():
        file.chmod(0o644)  # safetensors leaves files that only their owner can read
        file.replace(folder / file.name)
    staged.rmdir()


def _tower(shape: Shape) -> dict[str, int | str]:
    return {
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "hidden_act": "gelu",
    }


def _special_ids() -> dict[str, int]:
    names = {"pad": vocabulary.PAD, "bos": vocabulary.BOS, "eos": vocabulary.EOS}
    return {f"{name}_token_id": vocabulary.SPECIAL.index(token) for name, token in names.items()}


def _image_processor() -> CLIPImageProcessorPil:
    # the whole picture is squeezed into the square: nothing at its sides is cut off
    return CLIPImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, image_mean=MEAN, image_std=STD
    )
