"""Small checkpoints of families that see a picture as one frame, at a fixed size or its own shape."""

from functools import partial

from . import parts
from .crops import pictures, save
from .parts import Save

GEMMA4 = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
}
SAM = {
    "hidden_size": 32,
    "output_channels": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 256,
    "patch_size": 4,
    "window_size": 8,
    "global_attn_indexes": [],
    "mlp_dim": 48,
    "initializer_range": 0.1,
}
VIDEO_LLAVA = {"image_token": "<image>", "video_token": "<video>"}

CASES: dict[str, Save] = {
    "gemma4": partial(
        save,
        model_type="gemma4",
        named=GEMMA4,
        specials=("<|video|>",),
        images=partial(pictures, "Gemma4ImageProcessor", patch_size=4, max_soft_tokens=70, pooling_kernel_size=3),
        processor="Gemma4Processor",
        vision=parts.vision(patch_size=4, num_key_value_heads=4, head_dim=8),
        text={
            "head_dim": 16,
            "global_head_dim": 16,
            "vocab_size_per_layer_input": 400,
            "hidden_size_per_layer_input": 8,
        },
        processor_image_seq_length=70,
        processor_feature_extractor=None,
        processor_video_processor=None,
    ),
    "aria": partial(
        save,
        model_type="aria",
        named={"image_token": "<image>"},
        processor="AriaProcessor",
        images=partial(pictures, "AriaImageProcessor", size={"longest_edge": 980}, split_image=False),
        processor_size_conversion={980: 4},
        vision=parts.vision(model_type="idefics3_vision", image_size=980, patch_size=140),
        text={"moe_num_experts": 4, "moe_topk": 2, "head_dim": 16},
        projector_patch_to_query_dict={49: 4},
    ),
    "got_ocr2": partial(
        save,
        model_type="got_ocr2",
        named={"im": "<imgpad>", "a": "<img>", "b": "</img>", "c": "<|im_start|>", "d": "<|im_end|>"},
        token="im",
        processor="GotOcr2Processor",
        images=partial(pictures, "GotOcr2ImageProcessor", size={"height": 256, "width": 256}),
        vision=SAM,
        language="qwen2",
        image_seq_length=4,
    ),
    "lighton_ocr": partial(
        save,
        model_type="lighton_ocr",
        named={
            "image_token": "<|image_pad|>",
            "image_break_token": "<|vision_pad|>",
            "image_end_token": "<|vision_end|>",
        },
        processor="LightOnOcrProcessor",
        images=partial(pictures, "PixtralImageProcessor", size={"longest_edge": 96}, patch_size=16),
        processor_patch_size=8,
        processor_spatial_merge_size=2,
        vision=parts.vision(model_type="pixtral", image_size=96, patch_size=8, head_dim=8),
        language="qwen3",
        text={"head_dim": 16},
    ),
    "pp_chart2table": partial(
        save,
        model_type="pp_chart2table",
        named={"im": "<imgpad>", "a": "<img>", "b": "</img>"},
        token="im",
        mark="<img>" + "<imgpad>" * 256 + "</img>",
        processor="PPChart2TableProcessor",
        images=partial(pictures, "PPChart2TableImageProcessor", size={"height": 256, "width": 256}),
        vision=SAM,
        language="qwen2",
        image_seq_length=256,
    ),
    "mistral_large4": partial(
        save,
        model_type="mistral_large4",
        named={"image_token": "[IMG]", "b": "[IMG_BREAK]", "e": "[IMG_END]"},
        processor="PixtralProcessor",
        images=partial(pictures, "PixtralImageProcessor", size={"longest_edge": 96}, patch_size=16),
        processor_patch_size=8,
        processor_spatial_merge_size=2,
        vision=parts.vision(model_type="pixtral", image_size=96, patch_size=8, head_dim=8),
        text=parts.DEEPSEEK | {"index_topk": 512, "index_head_dim": 16, "index_n_heads": 2, "head_dim": 8},
    ),
    "video_llava": partial(
        save,
        model_type="video_llava",
        named=VIDEO_LLAVA,
        processor="VideoLlavaProcessor",
        images=partial(
            pictures, "VideoLlavaImageProcessor", size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
        processor_patch_size=8,
        processor_vision_feature_select_strategy="default",
        processor_num_additional_image_tokens=1,
        vision=parts.vision(model_type="clip_vision_model", image_size=32, patch_size=8, projection_dim=24),
        language="llama",
        image_seq_length=16,
    ),
    "deepseek_ocr2": partial(
        save,
        model_type="deepseek_ocr2",
        named={"image_token": "<image>"},
        processor="DeepseekOcr2Processor",
        images=partial(
            pictures, "DeepseekOcr2ImageProcessor", size={"height": 1024, "width": 1024}, tile_size=768, max_patches=2
        ),
        vision={
            "sam_config": {**SAM, "image_size": 1024, "patch_size": 16, "downsample_channels": [16, 32]},
            "encoder_config": parts.text(8, hidden_size=32),
        },
        text={
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "n_group": 1,
            "topk_group": 1,
            "n_shared_experts": 1,
            "mlp_layer_types": ["dense", "sparse", "sparse"],
        },
    ),
}
