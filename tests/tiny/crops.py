"""Small checkpoints of families that cut a picture into crops of one size, or see it as one frame."""

from functools import partial
from pathlib import Path
from typing import Any

import transformers

from . import parts
from .parts import Save, chat

CROP, PATCH = 32, 8
SIZE = {"height": CROP, "width": CROP}
PINPOINTS = [[32, 64], [64, 32], [64, 64]]
SIGLIP = parts.vision(model_type="siglip_vision_model", image_size=CROP, patch_size=PATCH, vision_use_head=False)


def pictures(processor_class: str, **settings: Any) -> Any:
    """An image processor that makes crops of `CROP` x `CROP` pixels."""
    normal = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    return getattr(transformers, processor_class)(**{"size": SIZE, **normal, **settings})


def save(
    path: Path,
    *,
    model_type: str,
    named: dict[str, str],
    images: Any,
    processor: str,
    mark: str = "",
    vision: dict[str, Any] = SIGLIP,
    language: str | None = None,
    text: dict[str, Any] | None = None,
    token: str = "image_token",
    specials: tuple[str, ...] = (),
    **config: Any,
) -> None:
    """One type: `named` are its special tokens by name, `token` the name of the one at an image's positions."""
    words = parts.tokenizer(*named.values(), *specials, extra_special_tokens=named)
    chosen = {"model_type": language} if language else {}
    parts.save_type(
        path,
        model_type,
        processor,
        images(),
        words,
        template=chat(mark or named[token]),
        **{
            "vision_config": vision,
            "text_config": parts.text(len(words), **chosen, **(text or {})),
            "image_token_id": words.convert_tokens_to_ids(named[token]),
            **config,
        },
    )


CONTEXT = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "mark": "<image>",
}
COHERE = {
    "image_token": "<|IMG_PATCH|>",
    "boi_token": "<|START_OF_IMG|>",
    "eoi_token": "<|END_OF_IMG|>",
    "img_line_break_token": "<|IMG_LINE_BREAK|>",
}

LLAMA4 = {"image_token": "<|image|>", "at": "<|patch|>"}
MOLMO = {"image_token": "<|image|>", "video_token": "<|video|>", "at": "<im_patch>"}
STEP = {
    "at": "<im_patch>",
    "a": "<im_start>",
    "b": "<im_end>",
    "c": "<patch_start>",
    "d": "<patch_end>",
    "e": "<patch_newline>",
}

CASES: dict[str, Save] = {
    "qianfan_ocr": partial(
        save,
        model_type="qianfan_ocr",
        named=CONTEXT,
        token="context_image_token",
        mark="<image>",
        images=partial(pictures, "GotOcr2ImageProcessor", crop_to_patches=True, min_patches=1, max_patches=6),
        processor="QianfanOCRProcessor",
        vision=parts.vision(image_size=CROP, patch_size=PATCH, layer_scale_init_value=1.0),
        language="qwen3",
        text={"head_dim": 16},
        image_seq_length=4,
        processor_image_seq_length=4,
    ),
    "cohere2_vision": partial(
        save,
        model_type="cohere2_vision",
        named=COHERE,
        images=partial(pictures, "Cohere2VisionImageProcessor", patch_size=2, max_patches=6),
        processor="Cohere2VisionProcessor",
        language="cohere2",
        text={"logit_scale": 1.0},
        alignment_intermediate_size=64,
    ),
    "llama4": partial(
        save,
        model_type="llama4",
        named=LLAMA4,
        token="at",
        mark="<|image|>",
        specials=("<|image_start|>", "<|image_end|>", "<|tile_x_separator|>", "<|tile_y_separator|>"),
        processor="Llama4Processor",
        images=partial(pictures, "Llama4ImageProcessor", max_patches=4, resize_to_max_canvas=False),
        processor_patch_size=8,
        processor_fake_image_token="<|image|>",
        vision={
            "hidden_size": 32,
            "intermediate_size": 128,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "image_size": 32,
            "patch_size": 8,
            "vision_output_dim": 64,
            "projector_input_dim": 64,
            "projector_output_dim": 64,
            "initializer_range": 0.1,
        },
        text={"head_dim": 16, "intermediate_size_mlp": 96, "num_local_experts": 4, "attention_chunk_size": 4096},
    ),
    "ovis2": partial(
        save,
        model_type="ovis2",
        named={
            "image_token": "<image>",
            "at": "<IMG_ATOM>",
            "a": "<IMG_START>",
            "b": "<IMG_GRID>",
            "c": "<IMG_COL>",
            "d": "<IMG_ROW>",
            "e": "<IMG_END>",
        },
        token="at",
        mark="<image>",
        processor="Ovis2Processor",
        images=partial(pictures, "Ovis2ImageProcessor", crop_to_patches=True, max_patches=4),
        processor_image_seq_length=16,
        language="qwen2",
        hidden_size=64,
        vision=parts.vision(vocab_size=40, hidden_stride=1),
    ),
    "granite_docling": partial(
        save,
        model_type="granite_docling",
        named={"image_token": "<image>", "fake": "<fake_token_around_image>", "global": "<global-img>"},
        specials=tuple(f"<row_{r}_col_{c}>" for r in range(1, 5) for c in range(1, 5)),
        processor="GraniteDoclingProcessor",
        images=partial(pictures, "GraniteDoclingImageProcessor", size={"height": 64, "width": 64}, max_patches=4),
        processor_image_seq_len=4,
        vision=parts.vision(
            image_size=64,
            patch_size=8,
            out_hidden_size=64,
            scale_factor=4,
            deepstack_visual_indexes=[0, 1],
            use_fine_route=False,
        ),
        text={
            "embedding_multiplier": 3.0,
            "logits_scaling": 1.0,
            "residual_multiplier": 0.5,
            "attention_multiplier": 0.25,
        },
    ),
    "perception_lm": partial(
        save,
        model_type="perception_lm",
        named={"image_token": "<|image|>", "video_token": "<|video|>"},
        processor="PerceptionLMProcessor",
        images=partial(pictures, "PerceptionLMImageProcessor", tile_size=56, max_num_tiles=4),
        processor_patch_size=14,
        processor_pooling_ratio=2,
        vision={
            "model_type": "timm_wrapper",
            "architecture": "vit_pe_core_large_patch14_336",
            "do_pooling": True,
            "model_args": {
                "embed_dim": 64,
                "img_size": [56, 56],
                "depth": 3,
                "num_heads": 4,
                "global_pool": "",
                "use_post_transformer_norm": False,
                "init_values": 0.5,
                "ref_feat_shape": [4, 4],
            },
        },
        language="llama",
        projector_pooling_ratio=2,
        vision_use_cls_token=True,
    ),
    "molmo2": partial(
        save,
        model_type="molmo2",
        named=MOLMO,
        token="at",
        mark="<|image|>",
        specials=(
            "<im_col>",
            "<im_start>",
            "<low_res_im_start>",
            "<frame_start>",
            "<im_end>",
            "<frame_end>",
            "<im_low>",
        ),
        processor="Molmo2Processor",
        images=partial(
            pictures,
            "Molmo2ImageProcessor",
            size={"height": 64, "width": 64},
            patch_size=8,
            max_crops=4,
            overlap_margins=[1, 1],
        ),
        vision=parts.vision(
            image_size=[64, 64], patch_size=8, num_key_value_heads=4, head_dim=8, num_position_embeddings=64
        ),
        text={"head_dim": 16, "additional_vocab_size": 16},
        adapter_config={
            "vision_feature_layer": [2, 0],
            "hidden_size": 32,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 8,
            "intermediate_size": 48,
            "text_hidden_size": 64,
            "initializer_range": 0.2,
        },
    ),
    "step3p7": partial(
        save,
        model_type="step3p7",
        named=STEP,
        token="at",
        processor="Step3p7Processor",
        images=partial(
            pictures,
            "Step3p7ImageProcessor",
            size={"height": 64, "width": 64},
            patch_size=32,
            vision_patch_size=8,
            downsampler_stride=4,
        ),
        vision=parts.vision(image_size=64, patch_size=8, mlp_ratio=1.5, max_position_embeddings=64),
        text={
            "head_dim": 16,
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "share_expert_dim": 32,
            "moe_layers_enum": "2",
            "sliding_window": 2000,
        },
    ),
    "granite4_vision": partial(
        save,
        model_type="granite4_vision",
        named={"image_token": "<image>"},
        processor="Granite4VisionProcessor",
        images=partial(
            pictures,
            "LlavaNextImageProcessor",
            size={"shortest_edge": 32},
            crop_size=SIZE,
            image_grid_pinpoints=PINPOINTS,
        ),
        processor_patch_size=PATCH,
        processor_vision_feature_select_strategy="full",
        processor_downsample_rate="1/2",
        vision={**SIGLIP, "hidden_size": 64},
        text={"embedding_multiplier": 3.0, "residual_multiplier": 0.5, "attention_multiplier": 0.25},
        vision_feature_select_strategy="full",
        downsample_rate="1/2",
        image_grid_pinpoints=PINPOINTS,
        deepstack_layer_map=[[-3, 1], [-2, 0]],
        spatial_target_layers=[1, 2, 2, 2],
        qformer_config={
            "model_type": "blip_2_qformer",
            "num_hidden_layers": 1,
            "intermediate_size": 48,
            "cross_attention_frequency": 1,
            "use_qformer_text_input": False,
        },
    ),
}
