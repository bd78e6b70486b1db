"""Small checkpoints of `hooks.families.mllama`: up to four tiles of 56x56 pixels, 4x4 patches and a CLS token each."""

from pathlib import Path

import torch
from tokenizers.processors import TemplateProcessing
from transformers import MllamaConfig, MllamaForConditionalGeneration, MllamaProcessor
from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil

from .parts import Save, text, tokenizer

TILE, PATCH, TILES = 56, 14, 4
LAYERS, CROSS_ATTENTION = 5, [1, 3]

CHAT = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<|image|>{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def words():
    """A tokenizer that begins texts with `<|begin_of_text|>`; `<|image|>` has the last id, which none can predict."""
    bos, eos, pad = "<|begin_of_text|>", "<|end_of_text|>", "<|finetune_right_pad_id|>"
    rest = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>")
    made = tokenizer(bos, eos, pad, *rest, bos_token=bos, eos_token=eos, pad_token=pad)
    made.add_tokens(["<|image|>"], special_tokens=True)
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A", special_tokens=[(bos, made.bos_token_id)]
    )
    return made


def save(path: Path, template: str | None) -> None:
    """A checkpoint whose gates, zero by transformers' initialisation, let the image through."""
    made = words()
    images = MllamaImageProcessorPil(size={"height": TILE, "width": TILE}, max_image_tiles=TILES)
    chosen = {"bos_token_id": made.bos_token_id, "pad_token_id": made.pad_token_id}
    ends = [made.eos_token_id, made.convert_tokens_to_ids("<|eot_id|>")]
    config = MllamaConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 3,
            "num_global_layers": 2,
            "attention_heads": 4,
            "image_size": TILE,
            "patch_size": PATCH,
            "max_num_tiles": TILES,
            "intermediate_layers_indices": [0, 2],
            "vision_output_dim": 32 * 3,
            "initializer_range": 0.1,
        },
        text_config=text(
            len(made) - 1,
            num_hidden_layers=LAYERS,
            cross_attention_layers=CROSS_ATTENTION,
            eos_token_id=ends,
            **chosen,
        ),
        image_token_index=len(made) - 1,
    )
    torch.manual_seed(0)
    model = MllamaForConditionalGeneration(config)
    for parameter in (each for each in model.parameters() if not each.any()):
        torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(path)
    MllamaProcessor(images, made, chat_template=template).save_pretrained(path)


def instruct(path: Path) -> None:
    """Prompts by the chat template."""
    save(path, CHAT)


def base(path: Path) -> None:
    """No chat template: the image comes before the begin of the text."""
    save(path, None)


CASES: dict[str, Save] = {"mllama": instruct, "mllama_base": base}
