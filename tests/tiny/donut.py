"""A small checkpoint of `hooks.families.donut`."""

from pathlib import Path

import torch
from tokenizers import AddedToken
from transformers import (
    DonutProcessor,
    DonutSwinConfig,
    DonutSwinModel,
    MBartConfig,
    MBartForCausalLM,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    XLMRobertaTokenizer,
)
from transformers.models.donut.image_processing_pil_donut import DonutImageProcessorPil

from . import parts

MARKS = ("<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>")


def donut(path: Path) -> None:
    """Two stages on pages of 64 x 48 pixels, before the decoder of an mBART."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?!:'-"
    pieces = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    pieces += [(piece, -3.0) for piece in ("▁", *letters, "▁bus", "▁yes", "▁no")]
    words = XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    words.add_tokens([AddedToken(mark, special=False) for mark in MARKS])
    seen = DonutSwinConfig(
        image_size=[64, 48],
        patch_size=4,
        embed_dim=16,
        depths=[1, 2],
        num_heads=[2, 4],
        window_size=4,
        initializer_range=0.2,
    )
    read = MBartConfig(
        vocab_size=len(words),
        d_model=32,
        decoder_layers=3,
        decoder_attention_heads=4,
        decoder_ffn_dim=64,
        max_position_embeddings=384,
        init_std=0.2,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        scale_embedding=True,
        add_final_layer_norm=True,
        is_decoder=True,
        add_cross_attention=True,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(seen, read)
    config.decoder_start_token_id, config.pad_token_id = 2, 1
    torch.manual_seed(0)
    model = VisionEncoderDecoderModel(config, encoder=DonutSwinModel(seen), decoder=MBartForCausalLM(read))
    model.generation_config.eos_token_id = 2
    model.save_pretrained(path)
    images = DonutImageProcessorPil(size={"height": 64, "width": 48}, do_align_long_axis=False)
    DonutProcessor(images, words).save_pretrained(path)


CASES: dict[str, parts.Save] = {"donut": donut}
