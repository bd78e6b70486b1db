"""What a site's text means."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks import sites
from hooks.sites import SiteError, Tower, parse, parse_all
from hooks.state_kinds import KINDS, NORM, PRIMARY, kinds_of
from probe import prompts

TOWERS = {
    "vision": Tower("vision", 31, 64, kinds_of("vision"), pooled=24),
    "projector": Tower("projector", 0, 48, kinds_of("projector")),
    "language": Tower("language", 4, 48, kinds_of("language")),
    NORM: Tower(NORM, 0, 48, kinds_of(NORM)),
}


def test_layers_count_from_the_input_embedding_and_negative_ones_from_the_last_block():
    assert parse("language.layers[-1]:image", TOWERS).layers == (4,)
    assert parse("language.layers[*]:image", TOWERS).layers == (0, 1, 2, 3, 4)
    assert parse("language.layers[4,0,2,0]:image", TOWERS).layers == (0, 2, 4)
    assert parse("language.layers[1:3]:image", TOWERS).layers == (1, 2)
    assert parse("language.layers[-2:]:image", TOWERS).layers == (3, 4)
    assert parse("language.layers[::2,-2]:image", TOWERS).layers == (0, 2, 3, 4)


def test_a_site_without_layers_has_the_single_layer_0():
    site = parse("projector:patches", TOWERS)
    assert (site.layers, site.slug, site.features, site.per, site.has_tokens) == (
        (0,), "projector-patches", 48, "image", True,
    )  # fmt: skip
    assert parse("vision:pooled", TOWERS).features == 24


def test_slugs_are_layer_free_and_carry_the_prompt():
    assert parse("language.layers[-1]:context_last", TOWERS).slug == "language.layers-context_last"
    assert parse("language.layers[2]:context_last@open", TOWERS).slug == "language.layers-context_last-open"


def test_canonical_texts_have_layers_resolved():
    assert parse("language.layers[0:]:image", TOWERS).canonical == "language.layers[*]:image"
    assert parse("language.layers[-1,0]:image", TOWERS).canonical == "language.layers[0,4]:image"


@given(st.lists(st.integers(-32, 31), min_size=1, max_size=5))
def test_canonical_texts_parse_to_the_same_site(layers):
    site = parse(f"vision.layers[{','.join(map(str, layers))}]:patches", TOWERS)
    assert parse(site.canonical, TOWERS) == site
    assert site.layers == tuple(sorted({layer % 32 for layer in layers}))


def test_aliases_are_sites_behind_the_final_norm_under_their_prompt():
    for alias, text in sites.ALIASES.items():
        site = parse(alias, TOWERS)
        assert site == parse(text, TOWERS)
        assert site.tower == NORM
        assert site.final_norm
        assert site.per == "sample"
        assert site.prompt in ("open", "mcq")


def test_aliases_of_a_model_without_a_final_norm_are_sites_of_its_last_layer():
    without = {name: tower for name, tower in TOWERS.items() if name != NORM}
    assert parse("ctx_mcq", without).canonical == "language.layers[4]:context_last@mcq"
    with pytest.raises(SiteError, match=r"no tower 'language\.norm'"):
        parse("language.norm:context_last", without)


def test_the_final_norm_has_no_states_of_images():
    with pytest.raises(SiteError, match="not 'image'"):
        parse("language.norm:image", TOWERS)


def test_only_pooled_outputs_and_the_norms_own_have_the_final_norm():
    assert parse("vision:pooled", TOWERS).final_norm
    assert parse("language.norm:context_last", TOWERS).slug == "language.norm-context_last"
    assert not parse("language.layers[-1]:context_last", TOWERS).final_norm
    assert not parse("vision.layers[-1]:cls", TOWERS).final_norm


def test_kinds_are_offered_in_the_order_of_their_table_where_their_tower_is():
    assert kinds_of("vision") == ("patches", "cls", "mean", "pooled")
    assert kinds_of("projector") == ("patches", "mean")
    assert kinds_of("language", without=("image",)) == ("context_last", "answer_mean", "answer_free", "answer_clean")
    assert {kind for tower in TOWERS.values() for kind in tower.kinds} == KINDS.keys()


def test_answers_are_read_from_the_last_token_of_the_context_before_anything_else():
    assert PRIMARY == ("context_last", "pooled", "cls", "mean", "image", "patches")


def test_kinds_say_which_answer_must_be_there_first():
    free = [name for name, kind in KINDS.items() if kind.needs_free_answer]
    clean = [name for name, kind in KINDS.items() if kind.needs_clean_answer]
    assert (free, clean) == (["answer_free", "answer_clean"], ["answer_clean"])


def test_texts_of_one_place_merge_into_one_site():
    merged = parse_all(["language.layers[3]:image", "projector:mean", "language.layers[1]:image"], TOWERS)
    assert [site.canonical for site in merged] == ["language.layers[1,3]:image", "projector:mean"]


def test_every_available_text_parses():
    texts = sites.available(TOWERS)
    assert "vision:pooled" in texts
    assert [parse(text, TOWERS).canonical for text in texts] == list(texts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vision.layers[40]:patches", r"has 32 layers \(0-31; 0 is the input embedding\), not 40"),
        ("vision.layers[-33]:patches", "not -33"),
        ("vision.layers[1.5]:patches", "numbers, slices a:b or"),
        ("vision.layers[9:9]:patches", "selects none"),
        ("vision:patches", r"name the layers, as in vision.layers\[-1\]:patches"),
        ("projector.layers[0]:patches", "write projector:patches"),
        ("text.layers[0]:pooled", "no tower 'text', it has vision, projector, language"),
        ("language.layers[0]:patches", "tower 'language' has image, context_last"),
        ("vision.layers[0]:patches@open", "takes no @prompt"),
        ("vision.layers[0:4:0]:patches", "a slice goes by steps of 1 or more, not '0:4:0'"),
        ("vision.layers[0:4:-1]:patches", "steps of 1 or more, not '0:4:-1'"),
        ("vision.layers[-:3]:patches", "numbers, slices a:b or"),
        ("vision.layers[٣]:patches", "numbers, slices a:b or"),
        (f"vision.layers[{'9' * 5000}]:patches", "numbers, slices a:b or"),
        (f"vision.layers[{'9' * 5000}:]:patches", "numbers, slices a:b or"),
        ("language.layers[0]:context_last@zzz", "'zzz' is no prompt. There are: mcq, open, short"),
        ("language.layers[0]:context_last@opn", "Did you mean 'open'"),
        ("ctx_opne", "Did you mean 'ctx_open'"),
        ("vision.layers[0]", "not of the form"),
    ],
)
def test_errors_say_what_is_there(text, message):
    with pytest.raises(SiteError, match=message) as caught:
        parse(text, TOWERS)
    assert repr(text) in str(caught.value)
    assert "probe list sites" in str(caught.value)


def test_the_prompts_of_sites_are_those_of_the_command_line():
    assert sites.PROMPTS == prompts.NAMES


def test_reading_a_site_needs_no_torch():
    script = "import sys; from hooks import sites, state_kinds; assert 'torch' not in sys.modules, 'torch was imported'"
    subprocess.run([sys.executable, "-c", script], check=True)
