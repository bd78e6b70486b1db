"""A picture that the model cannot take fails its own samples; the others are there."""

import json

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import picture

import hooks
import probe


def dataset(folder, *sizes):
    lines = []
    for k, size in enumerate(sizes):
        Image.fromarray(picture(k, *size)).save(folder / f"{k}.png")
        lines.append(json.dumps({"image": f"{k}.png", "question": "a bus?", "options": ["yes", "no"], "answer": "no"}))
    (folder / "data.jsonl").write_text("\n".join(lines))
    return str(folder / "data.jsonl")


def extract(case, data, tmp_path):
    return probe.extract(
        str(tiny.checkpoint(case)),
        data,
        out=tmp_path / "run",
        perturb=["white"],
        execution=probe.Execution(device="cpu"),
    )


@pytest.mark.parametrize(
    ("case", "size"), [("qwen2_vl", (3, 2000)), ("llava_next", (2000, 3)), ("llava_next", (1, 300))]
)
def test_a_strip_fails_by_name_and_the_others_are_measured(case, size, tmp_path):
    run = extract(case, dataset(tmp_path, (84, 112), size, (112, 84)), tmp_path)
    assert list(run.failed) == ["line2"]
    assert (
        f"image 1.png: {tiny.load(case).family.name} cannot take a picture of {size[1]}x{size[0]} px"
        in run.failed["line2"]
    )
    scores = run.answers.log_likelihood.sel(condition="clean")
    assert np.isfinite(scores.values).all(axis=-1).tolist() == [True, False, True]
    assert np.isfinite(run.embeddings("projector:patches").isel(image=0)).all()


def test_a_dataset_of_nothing_else_is_an_error_before_any_weights(tmp_path):
    with pytest.raises(ValueError, match=r"no image of 'data' can be read .* qwen2_vl cannot take"):
        extract("qwen2_vl", dataset(tmp_path, (3, 2000)), tmp_path)


def test_the_blueprint_says_so_too():
    plan = hooks.blueprint(str(tiny.checkpoint("llava_next")), tiny.ON_CPU)
    with pytest.raises(ValueError, match=r"llava_next cannot take a picture of 3x2000 px: .*none of its tokens"):
        hooks.image_grids(plan, 2000, 3)


@pytest.mark.parametrize("case", ["mistral3", "llava_onevision", "internvl3", "idefics3", "mllama", "qwen3_vl"])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1)])
def test_the_smallest_pictures_are_read_at_every_site_or_refused(case, size):
    model = tiny.load(case)
    wanted = hooks.sites.parse_all(hooks.sites.available(model.towers), model.towers)
    try:
        grids = hooks.image_grids(model.blueprint, *size)
    except ValueError as error:
        assert "cannot take a picture" in str(error)  # noqa: PT017
        return
    (reading,) = hooks.capture.read(model, [hooks.View((picture(0, *size),))], wanted, batch_size=1)
    assert {site.tower: reading.states[site.slug].grid for site in wanted if site.has_tokens} == grids
    assert all(np.isfinite(reading.states[site.slug].pooled).all() for site in wanted if site.per == "image")
