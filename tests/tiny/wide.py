"""More."""

from functools import partial

from hooks.families.hunyuan import MARK

from . import parts
from .crops import pictures as cropped
from .crops import save as crops
from .packed import BLOCKS, LAYERS, QWEN, ROPE, pictures
from .packed import save as packed
from .parts import Save

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
LLAMA4 = {"image_token": "<|image|>", "at": "<|patch|>"}
mark = "<|vision_start|><|image_pad|><|vision_end|>"
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

CASES: dict[str, Save] = {
    "aria": partial(
        crops,
        model_type="aria",
        named={"image_token": "<image>"},
        processor="AriaProcessor",
        images=partial(cropped, "AriaImageProcessor", size={"longest_edge": 980}, split_image=False),
        processor_size_conversion={980: 4},
        vision=parts.vision(model_type="idefics3_vision", image_size=980, patch_size=140),
        text={"moe_num_experts": 4, "moe_topk": 2, "head_dim": 16},
        projector_patch_to_query_dict={49: 4},
    ),
    "ernie4_5_vl_moe": partial(
        packed,
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
        packed,
        model_type="kimi_k25",
        specials=("<|media_pad|>", "<|v|>", "<|media_begin|>", "<|media_end|>"),
        mark="<|media_begin|>image<|media_pad|><|media_end|>",
        images=partial(pictures, "Kimi_K25ImageProcessor", size={"max_height": 96, "max_width": 96}),
        processor="Kimi_K25Processor",
        vision=LAYERS | {"pos_emb_height": 6, "pos_emb_width": 6},
        projection_hidden_size=32,
        text={
            "model_type": "deepseek_v3",
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "n_group": 2,
            "topk_group": 1,
            "moe_intermediate_size": 32,
            "kv_lora_rank": 16,
            "q_lora_rank": 16,
            "qk_rope_head_dim": 8,
            "qk_nope_head_dim": 8,
            "v_head_dim": 16,
            "num_key_value_heads": 4,
        },
    ),
    "got_ocr2": partial(
        crops,
        model_type="got_ocr2",
        named={"im": "<imgpad>", "a": "<img>", "b": "</img>", "c": "<|im_start|>", "d": "<|im_end|>"},
        token="im",
        processor="GotOcr2Processor",
        images=partial(cropped, "GotOcr2ImageProcessor", size={"height": 256, "width": 256}),
        vision=SAM,
        language="qwen2",
        image_seq_length=4,
    ),
    "llama4": partial(
        crops,
        model_type="llama4",
        named=LLAMA4,
        token="at",
        mark="<|image|>",
        specials=("<|image_start|>", "<|image_end|>", "<|tile_x_separator|>", "<|tile_y_separator|>"),
        processor="Llama4Processor",
        images=partial(cropped, "Llama4ImageProcessor", max_patches=4, resize_to_max_canvas=False),
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
        crops,
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
        images=partial(cropped, "Ovis2ImageProcessor", crop_to_patches=True, max_patches=4),
        processor_image_seq_length=16,
        language="qwen2",
        hidden_size=64,
        vision=parts.vision(vocab_size=40, hidden_stride=1),
    ),
    "lighton_ocr": partial(
        crops,
        model_type="lighton_ocr",
        named={
            "image_token": "<|image_pad|>",
            "image_break_token": "<|vision_pad|>",
            "image_end_token": "<|vision_end|>",
        },
        processor="LightOnOcrProcessor",
        images=partial(cropped, "PixtralImageProcessor", size={"longest_edge": 96}, patch_size=16),
        processor_patch_size=8,
        processor_spatial_merge_size=2,
        vision=parts.vision(model_type="pixtral", image_size=96, patch_size=8, head_dim=8),
        language="qwen3",
        text={"head_dim": 16},
    ),
    "qwen2_5_omni_thinker": partial(
        packed,
        model_type="qwen2_5_omni_thinker",
        specials=tuple(OMNI.values()),
        named=OMNI,
        mark=mark,
        images=partial(pictures, "Qwen2VLImageProcessor", temporal_patch_size=2),
        processor="Qwen2_5OmniProcessor",
        vision=BLOCKS | {"window_size": 32, "fullatt_block_indexes": [1]},
        text={"rope_parameters": ROPE},
        vision_start_token_id=QWEN[2],
        vision_end_token_id=QWEN[3],
        audio_config=AUDIO25,
    ),
    "qwen3_omni_moe_thinker": partial(
        packed,
        model_type="qwen3_omni_moe_thinker",
        specials=tuple(OMNI.values()),
        named=OMNI,
        mark=mark,
        images=partial(pictures, "Qwen2VLImageProcessor", temporal_patch_size=2),
        processor="Qwen3OmniMoeProcessor",
        vision=BLOCKS | {"num_position_embeddings": 36, "deepstack_visual_indexes": [0]},
        text={"rope_parameters": ROPE, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
        vision_start_token_id=QWEN[2],
        vision_end_token_id=QWEN[3],
        audio_config=AUDIO3,
    ),
    "pp_chart2table": partial(
        crops,
        model_type="pp_chart2table",
        named={"im": "<imgpad>", "a": "<img>", "b": "</img>"},
        token="im",
        mark="<img>" + "<imgpad>" * 256 + "</img>",
        processor="PPChart2TableProcessor",
        images=partial(cropped, "PPChart2TableImageProcessor", size={"height": 256, "width": 256}),
        vision=SAM,
        language="qwen2",
        image_seq_length=256,
    ),
}

QWENISH = partial(packed, specials=QWEN, mark=mark)
QWEN_PICTURES = partial(pictures, "Qwen2VLImageProcessor", temporal_patch_size=2)
DEEPSEEK = {
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 2,
    "topk_group": 1,
    "moe_intermediate_size": 32,
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 16,
    "num_key_value_heads": 4,
}
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
    packed,
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
CASES |= {
    "cosmos3_edge": partial(
        QWENISH,
        model_type="cosmos3_edge",
        images=partial(pictures, "Cosmos3EdgeImageProcessor"),
        processor="Cosmos3EdgeProcessor",
        vision=LAYERS | {"num_patches": 36, "spatial_merge_size": 2},
        text={"rope_parameters": ROPE, "head_dim": 16},
        projector_hidden_size=64,
    ),
    "cosmos3_omni": partial(
        QWENISH,
        model_type="cosmos3_omni",
        images=QWEN_PICTURES,
        processor="Qwen3VLProcessor",
        vision=BLOCKS | {"num_position_embeddings": 36, "deepstack_visual_indexes": [0]},
        text={"model_type": "qwen3_vl_text", "rope_parameters": ROPE, "head_dim": 16},
        vision_start_token_id=QWEN[2],
        vision_end_token_id=QWEN[3],
    ),
    "dots3_note": partial(
        packed,
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
        text=DEEPSEEK
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
        QWENISH,
        model_type="hyperclovax_vision_v2",
        images=QWEN_PICTURES,
        processor="HyperCLOVAXVisionV2Processor",
        vision=BLOCKS
        | {"model_type": "qwen2_5_vl_vision", "out_hidden_size": 48, "window_size": 32, "fullatt_block_indexes": [1]},
        text={"model_type": "hyperclovax"},
    ),
    "cohere_compass": partial(
        packed,
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
    "mistral_large4": partial(
        crops,
        model_type="mistral_large4",
        named={"image_token": "[IMG]", "b": "[IMG_BREAK]", "e": "[IMG_END]"},
        processor="PixtralProcessor",
        images=partial(cropped, "PixtralImageProcessor", size={"longest_edge": 96}, patch_size=16),
        processor_patch_size=8,
        processor_spatial_merge_size=2,
        vision=parts.vision(model_type="pixtral", image_size=96, patch_size=8, head_dim=8),
        text=DEEPSEEK | {"index_topk": 512, "index_head_dim": 16, "index_n_heads": 2, "head_dim": 8},
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
        packed,
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
        packed,
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

VIDEO_LLAVA = {"image_token": "<image>", "video_token": "<video>"}
CASES |= {
    "granite_docling": partial(
        crops,
        model_type="granite_docling",
        named={"image_token": "<image>", "fake": "<fake_token_around_image>", "global": "<global-img>"},
        specials=tuple(f"<row_{r}_col_{c}>" for r in range(1, 5) for c in range(1, 5)),
        processor="GraniteDoclingProcessor",
        images=partial(cropped, "GraniteDoclingImageProcessor", size={"height": 64, "width": 64}, max_patches=4),
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
    "video_llava": partial(
        crops,
        model_type="video_llava",
        named=VIDEO_LLAVA,
        processor="VideoLlavaProcessor",
        images=partial(
            cropped, "VideoLlavaImageProcessor", size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
        processor_patch_size=8,
        processor_vision_feature_select_strategy="default",
        processor_num_additional_image_tokens=1,
        vision=parts.vision(model_type="clip_vision_model", image_size=32, patch_size=8, projection_dim=24),
        language="llama",
        image_seq_length=16,
    ),
}

CASES |= {
    "perception_lm": partial(
        crops,
        model_type="perception_lm",
        named={"image_token": "<|image|>", "video_token": "<|video|>"},
        processor="PerceptionLMProcessor",
        images=partial(cropped, "PerceptionLMImageProcessor", tile_size=56, max_num_tiles=4),
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
}

MOLMO = {"image_token": "<|image|>", "video_token": "<|video|>", "at": "<im_patch>"}
CASES |= {
    "molmo2": partial(
        crops,
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
            cropped,
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
}

STEP = {"at": "<im_patch>", "a": "<im_start>", "b": "<im_end>", "c": "<patch_start>", "d": "<patch_end>", "e": "<patch_newline>"}
CASES |= {
    "step3p7": partial(crops, model_type="step3p7", named=STEP, token="at", processor="Step3p7Processor", images=partial(cropped, "Step3p7ImageProcessor", size={"height": 64, "width": 64}, patch_size=32, vision_patch_size=8, downsampler_stride=4),
        vision=parts.vision(image_size=64, patch_size=8, mlp_ratio=1.5, max_position_embeddings=64), text={"head_dim": 16, "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "share_expert_dim": 32, "moe_layers_enum": "2", "sliding_window": 2000}),
    "deepseek_ocr2": partial(crops, model_type="deepseek_ocr2", named={"image_token": "<image>"}, processor="DeepseekOcr2Processor", images=partial(cropped, "DeepseekOcr2ImageProcessor", size={"height": 1024, "width": 1024}, tile_size=768, max_patches=2),
        vision={"sam_config": {**SAM, "image_size": 1024, "patch_size": 16, "downsample_channels": [16, 32]}, "encoder_config": parts.text(8, hidden_size=32)}, text={"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "n_group": 1, "topk_group": 1, "n_shared_experts": 1, "mlp_layer_types": ["dense", "sparse", "sparse"]}),
}
