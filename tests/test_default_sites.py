"""The default vision site is one that the answer depends on."""

import pytest
import tiny

from probe.extraction.plan import choose_sites
from probe.extraction.settings import Settings
from probe.readers.local import LocalReader


@pytest.mark.parametrize(
    ("case", "layer"),
    [("llava", 2), ("llava_next", 2), ("llava_layers", 2), ("llava_onevision", None), ("qwen2_vl", None)],
)
def test_the_default_vision_layer_is_the_one_that_the_projector_reads(case, layer):
    model = tiny.load(case)
    (site,) = (
        site for site in choose_sites(Settings("m", "d"), LocalReader(model.blueprint)) if site.tower == "vision"
    )
    assert site.layers == (model.towers["vision"].layers if layer is None else layer,)
