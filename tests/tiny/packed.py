"""Small checkpoints of families that pack the patches of pictures of any shape, merge block by merge block."""

from functools import partial
from pathlib import Path
from typing import Any

import transformers

from hooks.families.hunyuan import MARK

from . import parts
from .parts import Save, chat

SIDE = 8
"""Pixels of a patch."""

LEAST, MOST = 4, 40
"""Merged tokens of an image."""

QWEN = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
PADDLE = ("<|IMAGE_PLACEHOLDER|>", "<|video_pad|>", "<|IMAGE_START|>", "<|IMAGE_END|>")
ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
"""The 8 rotations of a head of 16 features, split between time, row and column."""

BLOCKS = {"depth": 3, "num_heads": 4, "out_hidden_size": 64, "spatial_merge_size": 2, "temporal_patch_size": 2}
TOWER = {"hidden_size": 32, "intermediate_size": 48, "patch_size": SIDE, "initializer_range": 0.1}
LAYERS = {"num_hidden_layers": 3, "num_attention_heads": 4}


def pictures(processor_class: str, *, temporal: int = 1, merge: int = 2, **settings: Any) -> Any:
    """An image processor that keeps a picture's shape, from `LEAST` to `MOST` tokens."""
    area = temporal * (merge * SIDE) ** 2
    return getattr(transformers, processor_class)(
        patch_size=SIDE,
        merge_size=merge,
        image_mean=[0.5] * 3,
        image_std=[0.25] * 3,
        **{"size": {"shortest_edge": LEAST * area, "longest_edge": MOST * area}, **settings},
    )


def save(
    path: Path,
    *,
    model_type: str,
    specials: tuple[str, ...],
    images: Any,
    processor: str,
    mark: str,
    vision: dict[str, Any],
    text: dict[str, Any] | None = None,
    named: dict[str, str] | None = None,
    **config: Any,
) -> None:
    """One type: its tower, its language model, and a chat template that writes `mark` where the image is."""
    words = parts.tokenizer(*specials, **({"extra_special_tokens": named} if named else {}))
    ids = {
        "image_token_id": words.convert_tokens_to_ids(specials[0]),
        "video_token_id": words.convert_tokens_to_ids(specials[1]),
    }
    parts.save_type(
        path,
        model_type,
        processor,
        images(),
        words,
        template=chat(mark),
        vision_config=TOWER | vision,
        text_config=parts.text(len(words), **(text or {})),
        **ids,
        **{
            name: words.convert_tokens_to_ids(value) if isinstance(value, str) else value
            for name, value in config.items()
        },
    )


SEEN = "<|vision_start|><|image_pad|><|vision_end|>"
qwen_like = partial(save, specials=QWEN, mark=SEEN)

ERNIE = {
    "image_token": "<|IMAGE|>",
    "image_start_token": "<|IS|>",
    "image_end_token": "<|IE|>",
    "video_token": "<|VIDEO|>",
    "video_start_token": "<|VS|>",
    "video_end_token": "<|VE|>",
}
OMNI = {
    "image_token": QWEN[0],
    "video_token": QWEN[1],
    "vision_bos_token": QWEN[2],
    "vision_eos_token": QWEN[3],
    "audio_token": "<|AUDIO|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
}
AUDIO25 = {
    "encoder_layers": 1,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "d_model": 16,
    "output_dim": 64,
    "n_window": 5,
    "num_mel_bins": 8,
}
AUDIO3 = {
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "d_model": 16,
    "output_dim": 64,
    "n_window": 5,
    "num_mel_bins": 8,
    "downsample_hidden_size": 8,
}
QWEN_PICTURES = partial(pictures, "Qwen2VLImageProcessor", temporal_patch_size=2)
MUSE = (
    "<|patch|>",
    "<|video|>",
    "<|image_start|>",
    "<|image_end|>",
    "<|vid_frame_separator|>",
    "<|vid_start|>",
    "<|vid_end|>",
)
muse = partial(
    save,
    specials=MUSE,
    mark="<|patch|>",
    vision=LAYERS
    | {
        "pos_emb_height": 6,
        "pos_emb_width": 6,
        "merge_size": 2,
        "max_position_embeddings": 36,
        "layer_types": ["window_attention", "window_attention", "full_attention"],
    },
    images=partial(pictures, "MuseGlimmerImageProcessor", temporal_patch_size=2, max_image_tokens=40),
    out_hidden_size=128,
    projector_hidden_size=64,
)
HUNYUAN = {
    "image_token": "<｜hy_place▁holder▁no▁102｜>",
    "video": "<vid>",
    "image_start_token": "<｜hy_place▁holder▁no▁100｜>",
    "image_end_token": "<｜hy_place▁holder▁no▁101｜>",
}

thinker = partial(
    save,
    specials=tuple(OMNI.values()),
    named=OMNI,
    mark=SEEN,
    images=QWEN_PICTURES,
    vision_start_token_id=QWEN[2],
    vision_end_token_id=QWEN[3],
)
"""The part of Qwen's Omni models that sees and reads."""

CASES: dict[str, Save] = {
    "exaone4_5": partial(
        qwen_like,
        model_type="exaone4_5",
        images=QWEN_PICTURES,
        processor="Exaone4_5_Processor",
        vision=BLOCKS | {"hidden_size": 64, "window_size": 32, "fullatt_block_indexes": [1], "num_key_value_heads": 2},
        text={"model_type": "exaone4", "sliding_window": 2000, "sliding_window_pattern": 4},
    ),
    "paddleocr_vl": partial(
        save,
        model_type="paddleocr_vl",
        specials=PADDLE,
        named={"image_token": PADDLE[0], "video_token": PADDLE[1], "start": PADDLE[2], "end": PADDLE[3]},
        mark="<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>",
        images=partial(pictures, "PaddleOCRVLImageProcessor"),
        processor="PaddleOCRVLProcessor",
        vision=LAYERS | {"image_size": 64},
        text={"rope_parameters": ROPE, "head_dim": 16},
    ),
    "video_llama_3": partial(
        qwen_like,
        model_type="video_llama_3",
        images=partial(pictures, "VideoLlama3ImageProcessor"),
        processor="VideoLlama3Processor",
        vision=LAYERS,
        text={"model_type": "qwen2"},
    ),
    "ernie4_5_vl_moe": partial(
        save,
        model_type="ernie4_5_vl_moe",
        specials=tuple(ERNIE.values()),
        named=ERNIE,
        mark="<|IS|><|IMAGE|><|IE|>",
        images=partial(pictures, "Ernie4_5_VLMoeImageProcessor"),
        processor="Ernie4_5_VLMoeProcessor",
        vision={k: v for k, v in BLOCKS.items() if k not in ("temporal_patch_size", "out_hidden_size")}
        | {"intermediate_size": 48},
        text={
            "rope_parameters": ROPE | {"mrope_section": [3, 3, 2]},
            "moe_intermediate_size": [32, 16],
            "moe_num_experts": 4,
            "moe_k": 2,
            "moe_num_shared_experts": 1,
        },
    ),
    "kimi_k25": partial(
        save,
        model_type="kimi_k25",
        specials=("<|media_pad|>", "<|v|>", "<|media_begin|>", "<|media_end|>"),
        mark="<|media_begin|>image<|media_pad|><|media_end|>",
        images=partial(pictures, "Kimi_K25ImageProcessor", size={"max_height": 96, "max_width": 96}),
        processor="Kimi_K25Processor",
        vision=LAYERS | {"pos_emb_height": 6, "pos_emb_width": 6},
        projection_hidden_size=32,
        text={"model_type": "deepseek_v3"} | parts.DEEPSEEK,
    ),
    "qwen2_5_omni_thinker": partial(
        thinker,
        model_type="qwen2_5_omni_thinker",
        processor="Qwen2_5OmniProcessor",
        vision=BLOCKS | {"window_size": 32, "fullatt_block_indexes": [1]},
        text={"rope_parameters": ROPE},
        audio_config=AUDIO25,
    ),
    "qwen3_omni_moe_thinker": partial(
        thinker,
        model_type="qwen3_omni_moe_thinker",
        processor="Qwen3OmniMoeProcessor",
        vision=BLOCKS | {"num_position_embeddings": 36, "deepstack_visual_indexes": [0]},
        text={"rope_parameters": ROPE, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
        audio_config=AUDIO3,
    ),
    "cosmos3_edge": partial(
        qwen_like,
        model_type="cosmos3_edge",
        images=partial(pictures, "Cosmos3EdgeImageProcessor"),
        processor="Cosmos3EdgeProcessor",
        vision=LAYERS | {"num_patches": 36, "spatial_merge_size": 2},
        text={"rope_parameters": ROPE, "head_dim": 16},
        projector_hidden_size=64,
    ),
    "cosmos3_omni": partial(
        qwen_like,
        model_type="cosmos3_omni",
        images=QWEN_PICTURES,
        processor="Qwen3VLProcessor",
        vision=BLOCKS | {"num_position_embeddings": 36, "deepstack_visual_indexes": [0]},
        text={"model_type": "qwen3_vl_text", "rope_parameters": ROPE, "head_dim": 16},
        vision_start_token_id=QWEN[2],
        vision_end_token_id=QWEN[3],
    ),
    "dots3_note": partial(
        save,
        model_type="dots3_note",
        specials=("<|imgpad|>", "<|video_pad|>", "<|audio_comp_pad|>", "<|img|>", "<|endofimg|>"),
        mark="<|img|><|imgpad|><|endofimg|>",
        images=partial(QWEN_PICTURES, temporal_patch_size=1),
        processor="Dots3NoteProcessor",
        vision=LAYERS
        | {
            "adapter_in_dim": 32,
            "adapter_out_dim": 64,
            "pyramid_num_routed": [-1, -1, 4],
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
        },
        text=parts.DEEPSEEK
        | {
            "index_topk": 512,
            "index_head_dim": 16,
            "index_n_heads": 2,
            "head_dim": 16,
            "shared_experts_intermediate_size": 32,
            "use_sliding_window": False,
        },
        audio_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "downsample_hidden_size": 8,
            "adapter_input_size": 16,
            "adapter_out_dim": 64,
        },
    ),
    "hyperclovax_vision_v2": partial(
        qwen_like,
        model_type="hyperclovax_vision_v2",
        images=QWEN_PICTURES,
        processor="HyperCLOVAXVisionV2Processor",
        vision=BLOCKS
        | {"model_type": "qwen2_5_vl_vision", "out_hidden_size": 48, "window_size": 32, "fullatt_block_indexes": [1]},
        text={"model_type": "hyperclovax"},
    ),
    "cohere_compass": partial(
        save,
        model_type="cohere_compass",
        specials=("<|IMAGE_PAD|>", "<|VIDEO_PAD|>", "<|VISION_START|>", "<|VISION_END|>"),
        mark="<|VISION_START|><|IMAGE_PAD|><|VISION_END|>",
        images=partial(pictures, "CohereCompassImageProcessor", temporal_patch_size=2),
        processor="CohereCompassProcessor",
        vision=BLOCKS | {"num_position_embeddings": 36, "deepstack_visual_indexes": [0]},
        text={
            "rope_parameters": {"full_attention": ROPE, "sliding_attention": ROPE},
            "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
            "logit_scale": 1.0,
        },
    ),
    "muse_glimmer": partial(muse, model_type="muse_glimmer", processor="MuseGlimmerProcessor", text={"head_dim": 16}),
    "muse_spark": partial(
        muse,
        model_type="muse_spark",
        processor="MuseSparkProcessor",
        text={
            "head_dim": 16,
            "moe_intermediate_size": 32,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "moe_hidden_size": 32,
        },
        audio_config={
            "patch_sizes": [4, 2, 2, 2],
            "hidden_sizes": [4, 4, 4, 4],
            "depths": [1, 1, 1, 1],
            "out_hidden_size": 64,
        },
    ),
    "minimax_m3_vl": partial(
        save,
        model_type="minimax_m3_vl",
        specials=("]<]image[>[", "]<]video[>[", "]<]start of image[>[", "]<]end of image[>["),
        mark="]<]image[>[",
        images=partial(pictures, "MiniMaxM3VLImageProcessor", temporal_patch_size=2),
        processor="MiniMaxM3VLProcessor",
        vision=LAYERS | {"image_size": 64},
        text={
            "head_dim": 16,
            "dense_intermediate_size": 64,
            "shared_intermediate_size": 32,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "rotary_dim": 8,
            "index_head_dim": 16,
        },
        projector_hidden_size=64,
    ),
    "hunyuan_vl": partial(
        save,
        model_type="hunyuan_vl",
        specials=tuple(HUNYUAN.values()),
        named=HUNYUAN,
        mark=MARK,
        images=partial(pictures, "HunYuanVLImageProcessor"),
        processor="HunYuanVLProcessor",
        vision=LAYERS | {"out_hidden_size": 64, "max_image_size": 96, "text_hidden_size": 64},
        text={
            "head_dim": 16,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 2, 2, 2]},
        },
    ),
}
