"""Small checkpoints of models that also hear, of which pictures are read: Nemotron Omni and Gemma 4 unified."""

from functools import partial

from .crops import pictures, save
from .frames import GEMMA4
from .parts import Save

RADIO = {"model_type": "radio", "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "mlp_ratio": 1.5}
PLACES = {"patch_size": 8, "image_size": 64, "max_img_size": 128, "num_cls_tokens": 1, "num_registers": 2}
MAMBA = {"ssm_state_size": 8, "mamba_num_heads": 4, "mamba_head_dim": 16, "n_groups": 2, "chunk_size": 16}
EAR = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
NAMED = {"image_token": "<image>", "image_start_token": "<img>", "image_end_token": "</img>", "video_token": "<video>"}

CASES: dict[str, Save] = {
    "nemotron_h_omni": partial(
        save,
        model_type="nemotron_h_omni",
        named=NAMED,
        specials=("<so_embedding>", "<so_start>", "<so_end>"),
        processor="NemotronH_Omni_Reasoning_V3Processor",
        images=partial(
            pictures, "NemotronH_Omni_Reasoning_V3ImageProcessor", patch_size=8, min_num_patches=16, max_num_patches=160
        ),
        vision={**RADIO, **PLACES, "summary_idxs": [0], "initializer_range": 0.1, "video_temporal_patch_size": 2},
        vision_hidden_size=32,
        projector_hidden_size=64,
        language="nemotron_h",
        text={
            "layers_block_type": ["mamba", "attention", "mamba"],
            "head_dim": 16,
            "use_mamba_kernels": False,
            **MAMBA,
        },
        audio_config={
            **EAR,
            "subsampling_conv_channels": 4,
            "num_mel_bins": 16,
            "projection_hidden_size": 16,
            "projection_bias": False,
        },
    ),
    "gemma4_unified": partial(
        save,
        model_type="gemma4_unified",
        named=GEMMA4,
        specials=("<|video|>",),
        images=partial(
            pictures, "Gemma4UnifiedImageProcessor", patch_size=4, max_soft_tokens=140, pooling_kernel_size=3
        ),
        processor="Gemma4UnifiedProcessor",
        vision={
            "patch_size": 4,
            "pooling_kernel_size": 3,
            "mm_embed_dim": 32,
            "mm_posemb_size": 140,
            "output_proj_dims": 32,
            "initializer_range": 0.1,
        },
        text={"head_dim": 16, "global_head_dim": 16, "layer_types": ["sliding_attention", *["full_attention"] * 2]},
        processor_image_seq_length=140,
        processor_feature_extractor=None,
        processor_video_processor=None,
    ),
}
