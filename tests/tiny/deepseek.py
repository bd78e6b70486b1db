"""Small checkpoints of `hooks.families.deepseek`: pictures of 32x32 pixels, 4x4 patches, each a token."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    DeepseekVLConfig,
    DeepseekVLForConditionalGeneration,
    DeepseekVLHybridConfig,
    DeepseekVLHybridForConditionalGeneration,
)

from .parts import Save, chat, text, tokenizer, vision

IMAGE = "<image_placeholder>"
PICTURES = {"size": {"height": 32, "width": 32}, "min_size": 8, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
FINE = {"high_res_size": {"height": 64, "width": 64}, "high_res_image_mean": [0.4] * 3, "high_res_image_std": [0.3] * 3}


def save(path: Path, family: str, model_class: Any, config_class: Any, images: dict[str, Any], **towers: Any) -> None:
    """A checkpoint with its processor in the hub's files; what transformers starts at zero is random too."""
    words = tokenizer(IMAGE, extra_special_tokens={"image_token": IMAGE})
    config = config_class(
        vision_config=vision(model_type="siglip_vision_model"),
        text_config=text(len(words), model_type="llama"),
        image_token_id=words.convert_tokens_to_ids(IMAGE),
        tie_word_embeddings=False,
        **towers,
    )
    torch.manual_seed(0)
    model = model_class(config)
    for parameter in (each for each in model.parameters() if not each.any()):
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(path)
    words.chat_template = chat(IMAGE)
    words.save_pretrained(path)
    kind = {"processor_class": f"{family}Processor"}
    (path / "processor_config.json").write_text(json.dumps({**kind, "num_image_tokens": 16}))
    pictures = {**kind, "image_processor_type": f"{family}ImageProcessorFast", **PICTURES, **images}
    (path / "preprocessor_config.json").write_text(json.dumps(pictures))


def deepseek_vl(path: Path) -> None:
    """DeepSeek-VL 1.3B: SigLIP alone."""
    save(path, "DeepseekVL", DeepseekVLForConditionalGeneration, DeepseekVLConfig, {})


def deepseek_vl_hybrid(path: Path) -> None:
    """DeepSeek-VL 7B: SAM on 64x64 pixels beside SigLIP on 32x32, with windowed and global layers."""
    sam = {
        **vision(model_type="sam_vision_model", image_size=64),
        "mlp_dim": 48,
        "output_channels": 8,
        "window_size": 4,
        "global_attn_indexes": [1],
    }
    save(
        path,
        "DeepseekVLHybrid",
        DeepseekVLHybridForConditionalGeneration,
        DeepseekVLHybridConfig,
        FINE,
        high_res_vision_config=sam,
    )


CASES: dict[str, Save] = {"deepseek_vl": deepseek_vl, "deepseek_vl_hybrid": deepseek_vl_hybrid}


def deepseek_vl2(path: Path, global_view_pos: str = "head") -> None:
    """A stand-in for DeepSeek-VL2 that brings its own code: tiles of 40x40 pixels, 5x5 patches, 3x3 tokens, MLA, MoE.

    It needs `trust_remote_code`, so it is not among `CASES`.
    """
    words = tokenizer("<image>", "<|User|>", "<|Assistant|>")
    language = text(
        len(words),
        model_type="deepseek_v2",
        num_key_value_heads=4,
        kv_lora_rank=16,
        q_lora_rank=None,
        qk_nope_head_dim=8,
        qk_rope_head_dim=8,
        v_head_dim=16,
        n_routed_experts=4,
        num_experts_per_tok=2,
        n_shared_experts=1,
        moe_intermediate_size=32,
        first_k_dense_replace=1,
    )
    settings = {
        "model_type": "deepseek_vl_v2",
        "architectures": ["DeepseekVLV2ForCausalLM"],
        "auto_map": {
            "AutoConfig": "configuration_deepseek_vl_v2.DeepseekVLV2Config",
            "AutoModelForCausalLM": "modeling_deepseek_vl_v2.DeepseekVLV2ForCausalLM",
        },
        "vision_config": {"image_size": 40, "patch_size": 8, "width": 32, "layers": 3, "heads": 4},
        "projector_config": {"input_dim": 32, "n_embed": 64, "downsample_ratio": 2},
        "language_config": language,
        "global_view_pos": global_view_pos,
        "image_token_id": words.convert_tokens_to_ids("<image>"),
    }
    processor = {
        "processor_class": "DeepseekVLV2Processor",
        "auto_map": {"AutoProcessor": "processing_deepseek_vl_v2.DeepseekVLV2Processor"},
        "candidate_resolutions": [[40, 40], [40, 80], [80, 40], [80, 80], [120, 40], [40, 120]],
        "patch_size": 8,
        "downsample_ratio": 2,
    }
    path.mkdir(exist_ok=True)
    for file in (Path(__file__).parent / "deepseek_vl2").glob("*_deepseek_vl_v2.py"):
        shutil.copy(file, path)
    words.save_pretrained(path)
    (path / "config.json").write_text(json.dumps(settings))
    (path / "processor_config.json").write_text(json.dumps(processor))
    config = AutoConfig.from_pretrained(path, trust_remote_code=True)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, trust_remote_code=True).save_pretrained(path)
    (path / "config.json").write_text(json.dumps(settings))
