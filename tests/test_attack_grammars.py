"""Whatever is typed is read, or refused in words: no other error, and never slowly."""

import pytest
from attack import grammars

COUNT = 150


@pytest.mark.parametrize("grammar", grammars.GRAMMARS, ids=lambda grammar: grammar.name)
def test_a_text_is_read_or_refused_in_words(grammar: grammars.Grammar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = grammars.of_grammar(grammar, COUNT, seed=0)
    assert found.failures == ()
    assert min(found.refused, found.accepted) > 0
    assert found.tried == found.refused + found.accepted == COUNT


def test_what_is_neither_read_nor_refused_is_a_failure() -> None:
    def read(text: str) -> None:
        int(text)

    broken = grammars.Grammar("numbers", lambda draw: draw.choice(["1", "x"]), read, (KeyError,))
    found = grammars.of_grammar(broken, 20, seed=0)
    assert found.failures
    assert "ValueError: invalid literal" in found.failures[0]
