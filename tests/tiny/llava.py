"""Small checkpoints of `hooks.families.llava`, with vision towers, language models and layouts of several kinds."""

from functools import partial
from pathlib import Path
from typing import Any

from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextProcessor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaProcessor,
    VipLlavaConfig,
    VipLlavaForConditionalGeneration,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from hooks.processors import pictures_only

from .parts import Save, chat, save, save_type, text, tokenizer, vision

TILE, PATCH = 32, 8
GRID = (1, TILE // PATCH, TILE // PATCH)
IMAGE_TOKENS = (TILE // PATCH) ** 2
WIDTH, VISION_LAYERS, LANGUAGE_LAYERS = 32, 3, 4
"""Of the vision tower (and its layers), as of the language model of the case "llava"."""

NEXT_SIZES = [[32, 64], [64, 32], [64, 64], [96, 32], [32, 96]]
"""As on the hub, in tiles."""

ONEVISION_TILE, ONEVISION_PATCH = 30, 7  # a remainder, as 384 of 14
ONEVISION_SIZES = [[30 * down, 30 * across] for down in range(1, 7) for across in range(1, 7)]

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }} "
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>{% else %}\n{{ c['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

CLIP = vision(model_type="clip_vision_model", image_size=TILE, patch_size=PATCH, projection_dim=24)
SIGLIP = vision(model_type="siglip_vision_model", image_size=TILE, patch_size=PATCH, vision_use_head=False)


def pictures(processor_class: Any, tile: int, **settings: Any) -> Any:
    """An image processor that squeezes a picture into one tile."""
    size = {"height": tile, "width": tile}
    return processor_class(size=size, image_mean=[0.5] * 3, image_std=[0.25] * 3, **settings)


def save_llava(
    path: Path,
    *,
    model_class: Any = LlavaForConditionalGeneration,
    config_class: Any = LlavaConfig,
    tower: dict[str, Any] = CLIP,
    language: str = "llama",
    strategy: str = "default",
    layers: int = 3,
    tile: int = TILE,
    **settings: Any,
) -> None:
    """One tile, of which `strategy` drops CLS ("default") or keeps it ("full")."""
    words = tokenizer("<image>")
    siglip = tower is SIGLIP
    config = config_class(
        vision_config={**tower, "image_size": tile},
        text_config=text(len(words), model_type=language, num_hidden_layers=layers),
        image_token_index=words.get_vocab()["<image>"],
        **settings,
    )
    processor = LlavaProcessor(
        pictures(SiglipImageProcessorPil, tile)
        if siglip
        else pictures(CLIPImageProcessorPil, tile, crop_size={"height": tile, "width": tile}),
        words,
        patch_size=PATCH,
        vision_feature_select_strategy=strategy,
        num_additional_image_tokens=0 if siglip else 1,
        chat_template=chat("<image>"),
    )
    save(path, model_class, config, processor)


def save_llava_next(path: Path, *, language: str, **settings: Any) -> None:
    """CLIP with CLS dropped, up to four tiles."""
    words = tokenizer("<image>")
    config = LlavaNextConfig(
        vision_config=CLIP,
        text_config=text(len(words), model_type=language, **settings),
        image_token_index=words.get_vocab()["<image>"],
        image_grid_pinpoints=NEXT_SIZES,
    )
    images = LlavaNextImageProcessorPil(
        size={"shortest_edge": TILE},
        crop_size={"height": TILE, "width": TILE},
        image_grid_pinpoints=NEXT_SIZES,
        image_mean=[0.5] * 3,
        image_std=[0.25] * 3,
    )
    processor = LlavaNextProcessor(
        images,
        words,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat("<image>"),
    )
    save(path, LlavaNextForConditionalGeneration, config, processor)


def save_llava_onevision(path: Path) -> None:
    """SigLIP without CLS, up to 36 tiles of which the language model sees no more than nine's tokens, Qwen2."""
    words = tokenizer("<image>", "<video>", "<|im_start|>", "<|im_end|>", bos_token=None, eos_token="<|im_end|>")
    ids = words.get_vocab()
    config = LlavaOnevisionConfig(
        vision_config={**SIGLIP, "image_size": ONEVISION_TILE, "patch_size": ONEVISION_PATCH},
        text_config=text(len(words), model_type="qwen2", bos_token_id=None, eos_token_id=ids["<|im_end|>"]),
        image_token_index=ids["<image>"],
        video_token_index=ids["<video>"],
        image_grid_pinpoints=ONEVISION_SIZES,
    )
    images = pictures(LlavaOnevisionImageProcessorPil, ONEVISION_TILE, image_grid_pinpoints=ONEVISION_SIZES)
    with pictures_only():
        processor = LlavaOnevisionProcessor(
            images,
            words,
            num_image_tokens=(ONEVISION_TILE // ONEVISION_PATCH) ** 2,
            vision_feature_select_strategy="full",
            chat_template=CHATML,
        )
        save(path, LlavaOnevisionForConditionalGeneration, config, processor)


def save_llava_next_video(path: Path) -> None:
    """LLaVA-NeXT that was also trained on videos, with a name of its own for their token."""
    words = tokenizer("<image>", "<video>")
    images = pictures(LlavaNextImageProcessorPil, TILE, crop_size={"height": TILE, "width": TILE})
    images.size, images.image_grid_pinpoints = {"shortest_edge": TILE}, NEXT_SIZES
    save_type(
        path,
        "llava_next_video",
        "LlavaNextVideoProcessor",
        images,
        words,
        template=chat("<image>"),
        vision_config=CLIP,
        text_config=text(len(words), model_type="llama"),
        image_token_index=words.get_vocab()["<image>"],
        video_token_index=words.get_vocab()["<video>"],
        image_grid_pinpoints=NEXT_SIZES,
        processor_patch_size=PATCH,
        processor_vision_feature_select_strategy="default",
        processor_num_additional_image_tokens=1,
    )


def save_llava_dinov2(path: Path, **settings: Any) -> None:
    """A vision tower that LLaVA's entry does not know."""
    seen = vision(model_type="dinov2", image_size=TILE, patch_size=PATCH, mlp_ratio=2, layerscale_value=0.5)
    save_llava(path, tower=seen, **settings)


CASES: dict[str, Save] = {
    "llava": partial(save_llava, layers=LANGUAGE_LAYERS),
    "llava_dinov2": save_llava_dinov2,
    "llava_full": partial(save_llava, strategy="full", vision_feature_select_strategy="full"),
    "llava_layers": partial(save_llava, vision_feature_layer=[1, -2]),
    "llava_siglip": partial(
        save_llava,
        tower=SIGLIP,
        language="qwen2",
        strategy="full",
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    ),
    "vipllava": partial(
        save_llava,
        model_class=VipLlavaForConditionalGeneration,
        config_class=VipLlavaConfig,
        vision_feature_layer=[-2, 1, 2],
    ),
    "llava_next": partial(save_llava_next, language="llama"),
    "llava_next_mistral": partial(save_llava_next, language="mistral", sliding_window=None),
    "llava_next_video": save_llava_next_video,
    "llava_onevision": save_llava_onevision,
}
