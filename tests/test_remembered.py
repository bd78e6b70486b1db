"""Results of texts are remembered by the length of the texts, not by their number."""

import pytest

from hooks import remembered


def test_many_short_texts_or_few_long_ones_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "CHARACTERS", 1000)
    made: list[str] = []

    @remembered.remembered
    def doubled(_: object, text: str) -> str:
        made.append(text)
        return 2 * text

    short = [f"{k:03}" for k in range(300)]
    for _ in range(3):
        assert [doubled(None, text) for text in short] == [2 * text for text in short]
    assert made == short  # each once: 900 characters
    assert doubled(None, "x" * 900) == "x" * 1800
    made.clear()
    assert doubled(None, short[-1]) == 2 * short[-1]
    assert doubled(None, short[0]) == 2 * short[0]
    assert made == [short[0]]  # the oldest went
    assert doubled(None, "y" * 2000) == "y" * 4000  # too long to be remembered
    assert doubled(None, short[0]) == 2 * short[0]
    assert made == [short[0], "y" * 2000, short[0]]
