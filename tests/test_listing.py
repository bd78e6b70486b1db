"""What `probe list` shows of model families is what their entries say."""

import os

from probe import model_families


def test_what_is_kept_of_each_model_family_is_what_its_entry_says() -> None:
    made = model_families.made()
    if os.environ.get("RENEW_GOLDEN"):
        model_families.keep(made)
    assert model_families.kept() == made
