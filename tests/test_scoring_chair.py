"""CHAIR finds the objects that its official script finds, as written down here, and counts as it does."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.scoring import Asked, chair
from analyses.scoring.caption_words import words
from analyses.scoring.coco_words import CLASS_OF, CLASSES
from analyses.scoring.singular import singular

OFFICIAL = (  # caption, its mentions by the official script with pattern 3.6 and nltk 3.2.5
    # persons, and what is no person
    ("A man and a woman.", "person; person"),
    ("Two men, three women and four children.", "person; person; person"),
    ("People walk.", "person"),
    ("police officers", "person"),
    ("A baby and an elephant", "person; elephant"),
    ("A baby elephant", "elephant"),
    ("Two adult bears", "bear"),
    ("an adult", "person"),
    ("a baby animal", ""),
    ("a bear cub", "bear"),
    ("a baby cub", ""),
    ("A passenger train", "train"),
    ("passengers on trains", "person; train"),
    ("a passenger jet", "airplane"),
    # words that the script's singular loses
    ("The bus stops.", ""),
    ("Two buses stop.", "bus"),
    ("Minibuses and a minibus", "bus"),
    ("His tie and their ties", "tie"),
    ("A glass of water", ""),
    ("doggies", ""),
    ("a doggy", "dog"),
    ("canoes", ""),
    ("a canoe", "boat"),
    ("magpies", ""),
    # two words as one
    ("A bow tie.", "tie"),
    ("A wine glass", "wine glass"),
    ("Two wine glasses", "wine glass"),
    ("wine bottles and glasses", "bottle"),
    ("a train track", ""),
    ("the train on the tracks", "train"),
    ("home plate", ""),
    ("a motor bike", ""),
    ("a motor cycle", "motorcycle"),
    ("a motorbike", "motorcycle"),
    ("an air plane", "airplane"),
    ("traffic lights and street lights", "traffic light; traffic light"),
    ("a traffic sign", ""),
    ("stop signs", "stop sign"),
    ("Stop. Sign here.", ""),
    ("a hot dog", "hot dog"),
    ("a hot, brown dog", "dog"),
    ("a computer mouse", "laptop; mouse"),
    ("laptop computers", "laptop"),
    ("a polar bear", "bear"),
    ("teddy bears", "teddy bear"),
    ("a dinner table", "dining table"),
    ("sports balls", "sports ball"),
    ("a racket", "tennis racket"),
    ("a plant", ""),
    ("potted plants", "potted plant"),
    ("a hair dryer", ""),
    ("hair driers", "hair drier"),
    # toilet and seat
    ("a toilet seat", "toilet"),
    ("the seat of the toilet", "toilet"),
    ("toilets and seats", "toilet"),
    ("a urinal and a seat", "toilet; chair"),
    ("a seat", "chair"),
    # of the list, but never found
    ("an iPhone", ""),
    ("cheesecakes", ""),
    ("a scissor", ""),
    # what is said of it does not matter
    ("no dog", "dog"),
    ("not a dog, but a cat", "dog; cat"),
    ("orange wall", "orange"),
    ("skiing", ""),
    # where a word ends
    ("a dog's tail", "dog"),
    ("dogs' tails", "dog"),
    ("the man's dog", "person; dog"),
    ("The dog.", "dog"),
    ("(dog)", "dog"),
    ('"dog"', "dog"),
    ("'dog'", ""),
    ("“dog”", "dog"),
    ("a dog.” Then a cat", "cat"),
    ("dog, cat; horse: sheep", "dog; cat; horse; sheep"),
    ("dog,cat", "dog; cat"),
    ("dog,2 cats", "cat"),
    ("dog/cat", ""),
    ("dog-cat", ""),
    ("dog--cat", "dog; cat"),
    ("dog—cat", ""),
    ("**dog**", ""),
    ("- **Dog**: a dog", "dog"),
    ("dog.cat", ""),
    ("dog.(a cat.)", "dog; cat"),
    ("dog.\n\nCat", "dog; cat"),
    ("dog...cat", "dog; cat"),
    ("dog..", ""),
    ("dog?cat", "dog; cat"),
    ("dog3", ""),
    ("a\u00a0dog", "dog"),
    ("dogs\nand\ncats", "dog; cat"),
    ("dog's\ncat", "cat"),
    ("DOG", "dog"),
    # nothing
    ("", ""),
    ("   ", ""),
    ("...", ""),
    ("Nothing", ""),
    ("собака", ""),
    ("犬", ""),
)

LOST = {"bus", "minibus", "airbus"}
LOST_PLURALS = {"ties", "canoes", "collies", "doggies", "magpies"}
ALWAYS_PLURAL = {"scissors", "skis", "people", "children"}
IRREGULAR = {
    "men": "man",
    "women": "woman",
    "policemen": "policeman",
    "gentlemen": "gentleman",
    "servicemen": "serviceman",
    "children": "child",
    "people": "person",
    "geese": "goose",
    "mice": "mouse",
    "oxen": "ox",
    "calves": "calf",
    "knives": "knife",
    "pocketknives": "pocketknife",
    "grandchildren": "grandchild",
}


@pytest.mark.parametrize(("caption", "official"), OFFICIAL)
def test_a_caption_mentions_what_the_official_script_finds(caption: str, official: str) -> None:
    assert chair.parse(caption, Asked("1")) == official


def plural(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2] not in "aeiou" else f"{word}s"


@pytest.mark.parametrize("word", sorted(CLASS_OF))
def test_every_word_of_the_vocabulary_is_found_in_singular_and_plural(word: str) -> None:
    assert chair.mentions(f"a {word} here") == ([] if word in LOST else [CLASS_OF[word]])
    if word not in ALWAYS_PLURAL:
        several = plural(word)
        assert chair.mentions(f"two {several} here") == ([] if several in LOST_PLURALS else [CLASS_OF[word]])


def test_irregular_plurals_are_found() -> None:
    assert {several: singular(several) for several in IRREGULAR} == IRREGULAR
    assert singular("thieves") == "thieve"  # as in the script, which never finds several thieves


def test_there_are_eighty_classes_and_no_word_names_two() -> None:
    assert len(CLASSES) == 80
    assert len(CLASS_OF) == 80 + sum(map(len, CLASSES.values()))


def test_words_are_split_as_in_the_penn_treebank() -> None:
    assert words("They'll eat (hot) dogs: 3,000, isn't it?") == [
        *("they", "'ll", "eat", "(", "hot", ")", "dog", ":", "3,000", ",", "i", "n't", "it", "?")
    ]


ASKED = (
    Asked("1", metadata={"objects": "dog; bus"}, references=("A man walks.", "Two people.")),
    Asked("2", metadata={"objects": ""}, references=("A table in a room.",)),
    Asked("3", metadata={"objects": "cat"}),
    Asked("4", references=("A dog.",)),
)


def test_truth_is_what_is_annotated_or_mentioned_by_a_reference() -> None:
    assert [chair.present(asked) for asked in ASKED] == [{"dog", "bus", "person"}, {"dining table"}, {"cat"}, None]


def test_a_caption_is_faithful_unless_it_mentions_what_is_not_there() -> None:
    assert [chair.faithful(text, ASKED[0]) for text in ("dog; person", "dog; cat", "", None)] == [1, 0, 1, 1]
    assert chair.faithful("dining table", ASKED[1]) == 1
    assert math.isnan(chair.faithful("dog", ASKED[3]))


def test_an_object_that_is_no_class_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"'unicorn' among the objects: COCO has no such class\. There are person, bicycle"
    ):
        chair.present(Asked("1", metadata={"objects": "dog; unicorn"}))


def test_both_rates_are_ratios_of_sums_over_captions() -> None:
    captions = [
        ["A man and his dog.", "A cat, a dog and a cat."],  # 2 mentions, 0 invented; 3 mentions, 2 invented
        ["A table.", "A chair at a table."],  # 1, 0; 2, 1
        ["", "A dog"],  # 0, 0; 1, 1
        ["A dog", "A cat"],  # truth unknown
    ]
    parsed = np.array(
        [[chair.parse(text, one) for text in row] for row, one in zip(captions, ASKED, strict=True)], object
    )
    correct = np.array([[chair.faithful(text, one) for text in row] for row, one in zip(parsed, ASKED, strict=True)])
    np.testing.assert_array_equal(correct, [[1, 0], [1, 0], [1, 0], [math.nan, math.nan]])
    of_mentions, of_captions = (measure.terms(parsed, correct, ASKED) for measure in chair.SCORER.measures)
    np.testing.assert_array_equal(of_mentions[0], [[0, 2], [0, 1], [0, 1], [math.nan, math.nan]])
    np.testing.assert_array_equal(of_mentions[1], [[2, 3], [1, 2], [0, 1], [math.nan, math.nan]])
    # CHAIRi 0 / 3 and 4 / 6, CHAIRs 0 / 3 and 3 / 3
    assert [np.nansum(one, axis=0).tolist() for one in of_mentions] == [[0, 4], [3, 6]]
    assert [np.nansum(one, axis=0).tolist() for one in of_captions] == [[0, 3], [3, 3]]


@given(st.lists(st.sampled_from(["dog", "stop", "sign", "two", "buses", "toilet", "baby", "."]), max_size=8))
def test_a_caption_of_two_sentences_mentions_what_each_does(parts: list[str]) -> None:
    one, other = " ".join(parts), "A cat sleeps."
    assert chair.mentions(f"{one} . {other}") == [*chair.mentions(f"{one} ."), "cat"]


@given(st.text(max_size=30))
def test_a_mention_is_always_one_of_the_classes(text: str) -> None:
    assert set(chair.mentions(text)) <= set(CLASSES)
