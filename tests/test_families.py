"""A further family is one entry: shown on Qwen2-VL, which packs patches, merges tokens and has its own positions."""

import numpy as np
import pytest
import tiny_models
import torch
import transformers
from tiny_models import picture
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLProcessor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.processing_utils import ProcessorMixin

import hooks
from hooks import Question, View, capture, families, options, sites
from hooks.check import check
from hooks.families import LANGUAGE_TOKENS, Family
from hooks.sites import Tower

MERGE = 2


def grid(config, image, tower):
    frames, rows, cols = (int(n) for n in image["image_grid_thw"][0])
    return (frames, rows, cols) if tower == "vision" else (frames, rows // MERGE, cols // MERGE)


def packed_rows(config, state, images, tower):
    """Split packed patches by image; those of the vision tower come in merge windows, not row by row."""
    grids = [grid(None, image, tower) for image in images]
    split = state.split([int(np.prod(each)) for each in grids])
    if tower != "vision":
        return list(split)
    return [
        part.view(frames, rows // MERGE, cols // MERGE, MERGE, MERGE, -1).transpose(2, 3).flatten(0, 4)
        for part, (frames, rows, cols) in zip(split, grids, strict=True)
    ]


def towers(config):
    vision, text = config.vision_config, config.get_text_config()
    return {
        "vision": Tower("vision", vision.depth, vision.embed_dim, ("patches", "mean")),
        "projector": Tower("projector", 0, text.hidden_size, ("patches", "mean")),
        "language": Tower("language", text.num_hidden_layers, text.hidden_size, LANGUAGE_TOKENS),
    }


QWEN2_VL = Family(
    name="qwen2_vl",
    model_types=("qwen2_vl",),
    kind="generative",
    auto_class="AutoModelForImageTextToText",
    vision="model.visual.blocks",
    projector="model.visual.merger",
    language="model.language_model.layers",
    final_norm="model.language_model.norm",
    image_prefix="causal",
    towers=towers,
    grid=grid,
    vision_rows=packed_rows,
    rope_deltas="model.rope_deltas",
)


class ImagesOnly(Qwen2VLProcessor):
    """The family's processor without its video part, which alone needs torchvision."""

    def __init__(self, image_processor=None, tokenizer=None, chat_template=None, **kwargs):
        self.image_token, self.image_token_id = "<|image_pad|>", 1
        self.video_token, self.video_token_id = "<|video_pad|>", 2
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)


def checkpoint(path):
    specials = ["<pad>", "<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>", "<eos>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate([*specials, *letters])}, merges=[]))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>", extra_special_tokens=specials[1:5]
    )
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "initializer_range": 0.15,
        "eos_token_id": 5,
        "bos_token_id": 5,
        "pad_token_id": 0,
    }
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 4, "mlp_ratio": 2, "patch_size": 14}
    config = Qwen2VLConfig(
        text_config=text,
        vision_config={**vision, "initializer_range": 0.1},
        image_token_id=1,
        video_token_id=2,
        vision_start_token_id=3,
        vision_end_token_id=4,
    )
    template = tiny_models.TEMPLATE.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>")
    image_processor = Qwen2VLImageProcessorPil(min_pixels=28 * 28 * 4, max_pixels=28 * 28 * 40)
    torch.manual_seed(0)
    Qwen2VLForConditionalGeneration(config).save_pretrained(path)
    return ImagesOnly(image_processor, tokenizer, chat_template=template)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("qwen2_vl")
    processor = checkpoint(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.AutoProcessor, "from_pretrained", lambda *args, **kwargs: processor)
        patch.setattr(families, "FAMILIES", (*families.FAMILIES, QWEN2_VL))
        yield hooks.load(str(path), hooks.LoadOptions(device="cpu"))


QUESTIONS = (
    Question("is there a bus?", ("yes", "no"), generate=True),
    Question("and what else is there?", ("a car", "nothing at all")),
)
VIEWS = [
    View(picture(seed, *size), QUESTIONS) for seed, size in enumerate([(84, 112), (160, 84), (112, 84), (84, 112)])
]


def test_every_check_passes(model):
    assert [finding for finding in check(model) if not finding.ok] == []


def test_images_of_different_token_counts_share_a_batch(model):
    wanted = sites.parse_all(
        ["vision.layers[*]:patches", "projector:patches", "language.layers[*]:context_last"], model.towers
    )
    together = capture.read(model, VIEWS, wanted, batch_size=4, keep_tokens=True, max_new_tokens=6)
    assert len({reading.grid["projector-patches"] for reading in together}) > 1
    for view, mine in zip(VIEWS, together, strict=True):
        alone = capture.read(model, [view], wanted, batch_size=1, keep_tokens=True, max_new_tokens=6)[0]
        assert mine.grid == alone.grid
        for slug in mine.tokens:
            assert np.allclose(mine.tokens[slug], alone.tokens[slug], atol=1e-5)
        assert np.allclose(
            mine.sample_pooled["language.layers-context_last"],
            alone.sample_pooled["language.layers-context_last"],
            atol=1e-5,
        )
        assert mine.answers[0].text == alone.answers[0].text
        for answer, exact in zip(mine.answers, options.score_reference(model, view), strict=True):
            assert np.abs(answer.log_likelihood - exact.log_likelihood).max() <= 1e-4
