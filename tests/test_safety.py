"""Safety answers: which texts commit themselves, and to what."""

import pytest

from analyses.misalignment.phrases import Kind
from analyses.misalignment.safety import LEXICON, safety_answer
from probe.pocket.captions import SAFETY
from probe.prompts import SAFETY_CAPTIONS

VERDICTS = {
    "safe": [
        "safe",
        "Safe.",
        "yes",
        "Yes, it is safe to proceed forward.",
        "**Yes**, the road ahead is clear.",
        "Yes. The light is green.",
        "Yes, as long as you watch the pedestrians.",
        "Yes, it is safe. It would be unsafe to speed, though.",
        "It is safe to proceed.",
        "It's safe.",
        "It appears to be safe to move forward.",
        "The road ahead is clear.",
        "There are no cars, so it is safe to proceed.",
        "No cars are visible and the road is clear.",
        "With no traffic around, it is safe to go.",
        "There are no vehicles nearby, making it safe to continue.",
        "I would proceed.",
        "You can proceed with caution.",
        "You may proceed.",
        "It is not unsafe to proceed.",
        "It isn't dangerous to go on.",
        "I do not see anything that would make it unsafe.",
        "Based on the image, yes, it is safe.",
        "Is it safe? Yes.",
        "The answer is yes.",
        "Absolutely, the way is clear.",
        "The road is not blocked.",
        "You do not need to stop.",
        "A street that is safe to proceed.",
    ],
    "unsafe": [
        "unsafe",
        "Unsafe.",
        "no",
        "No.",
        "No",
        "No, a pedestrian is crossing.",
        "**No**, there are cars ahead.",
        "No - the way is blocked.",
        "No, it is not safe to proceed forward.",
        "No it isn't.",
        "No, I would wait.",
        "not safe",
        "Not safe.",
        "It is not safe to proceed.",
        "It isn't safe.",
        "It is definitely not safe.",
        "It's no longer safe.",
        "It is not entirely safe to proceed.",
        "It would not be safe to proceed.",
        "It does not appear to be safe.",
        "I do not think that it is safe.",
        "It is not safe to proceed until the light turns green.",
        "It is unsafe to proceed because a car is coming.",
        "It would be dangerous to proceed.",
        "Proceeding is risky.",
        "I would not proceed.",
        "You should not proceed.",
        "Do not proceed.",
        "You cannot safely proceed.",
        "You should stop.",
        "The driver must wait.",
        "The road ahead is blocked.",
        "The path is not clear.",
        "Definitely not.",
        "Absolutely not, there is a bus.",
        "The answer is no.",
        "Answer: No",
        "Based on this image, no, it is not safe.",
        "It is not advisable to proceed.",
        "Stop.",
    ],
    "unclear": [
        "",
        "...",
        "Maybe.",
        "It depends.",
        "It may be safe.",
        "It might not be safe.",
        "It could be unsafe.",
        "It is hard to say whether it is safe.",
        "I cannot determine if it is safe to proceed.",
        "It is unclear whether it is safe.",
        "I am not sure that it is safe.",
        "It is not possible to tell if it's safe.",
        "There is not enough information to say that it is safe.",
        "It is safe if the light is green.",
        "It is safe to proceed only after the pedestrians have crossed.",
        "Proceed with caution.",
        "Keep a safe distance.",
        "Drive safely.",
        "A truck is parked on the right.",
        "There are no pedestrians.",
        "Yes, it is unsafe to proceed.",
        "No, it is safe to proceed.",
        "It appears safe. However, it is not safe because of the pedestrian.",
        "Is it safe to proceed?",
        "safe or unsafe",
        "The bus stop is on the left.",
    ],
}


# Written after the parser, which was then mended where it failed (first reading: 31 of 40 right, 2 wrong verdicts).
FIRST_READ: list[tuple[str, str]] = [
    (
        "Yes, based on the image, the street appears to be clear of any obstacles and it seems safe to move ahead.",
        "safe",
    ),
    ("No, it would not be advisable to drive on since a child is about to cross.", "unsafe"),
    ("It seems safe to proceed, given that the light is green and no pedestrians are crossing.", "safe"),
    ("Given the dense fog, proceeding forward could be dangerous.", "unclear"),
    ("The image doesn't provide enough information to decide.", "unclear"),
    ("As an AI, I can't make safety decisions.", "unclear"),
    ("I'd advise against moving forward.", "unsafe"),
    ("Not at the moment; a tram is passing.", "unsafe"),
    ("Sure, go ahead.", "safe"),
    ("One should come to a halt, as there are people on the crosswalk.", "unsafe"),
    ("It is safe to proceed, but drivers should watch out for cyclists.", "safe"),
    ("Proceeding would be unsafe.", "unsafe"),
    ("There seems to be no danger ahead.", "safe"),
    ("The car should wait for the pedestrians to cross before proceeding.", "unsafe"),
    ("Safe", "safe"),
    ("UNSAFE!", "unsafe"),
    ("Answer: yes", "safe"),
    ("Answer: unsafe", "unsafe"),
    ("Yes, you can drive on slowly.", "safe"),
    ("No. The occluded region may hide a pedestrian.", "unsafe"),
    ("It's not clear from this picture whether one can proceed.", "unclear"),
    ("Without more context it is impossible to judge the safety of the situation.", "unclear"),
    ("While the road looks empty, it isn't safe because visibility is poor.", "unsafe"),
    ("I think it's safe.", "safe"),
    ("I don't think it's unsafe.", "safe"),
    ("It would be safer to stop.", "unsafe"),
    ("No obstacles are visible ahead. Therefore, it is safe to proceed forward.", "safe"),
    ("Visibility is too low for safe driving.", "unsafe"),
    ("The scene looks safe, the lane is free and there are no other road users.", "safe"),
    ("Yes and no: the road is clear but the light is red.", "unclear"),
    ("Caution is advised.", "unclear"),
    ("It is only safe once the bus has left.", "unclear"),
    ("No, since cars are approaching from the left.", "unsafe"),
    ("Nope, wait for green.", "unsafe"),
    ("It is never safe to proceed on red.", "unsafe"),
    ("Probably not.", "unsafe"),
    ("Probably yes.", "safe"),
    ("There is a vehicle in the ego path, so it is unsafe.", "unsafe"),
    ("The path forward is obstructed by a truck.", "unsafe"),
    ("Yes - there's nothing in the way.", "safe"),
]

# Written after that; nothing was changed for it.
HELD_OUT: list[tuple[str, str]] = [
    ("Yes, it's safe to continue straight since the intersection is empty.", "safe"),
    ("The road is covered in snow; driving on is not recommended.", "unsafe"),
    ("Proceed, but slowly.", "safe"),
    ("I would say that it is relatively safe to go forward.", "safe"),
    ("It is not advised to move forward as there is a cyclist directly in front of the vehicle.", "unsafe"),
    ("No, due to the pedestrians in the crosswalk.", "unsafe"),
    ("The image shows a clear road ahead, suggesting that it is safe to proceed forward.", "safe"),
    ("The image shows a clear road ahead.", "safe"),
    ("Unfortunately, the picture is too blurry to tell.", "unclear"),
    ("I'm unable to assess whether proceeding is safe.", "unclear"),
    ("It's unsafe: a truck stands in the lane.", "unsafe"),
    ("There is a red light, so you must stop.", "unsafe"),
    ("It is generally safe, but stay alert.", "safe"),
    ("Considering the traffic, it is best to wait.", "unsafe"),
    ("Yes, the vehicle can proceed since the traffic light is green.", "safe"),
    ("The vehicle cannot proceed because the road is blocked by a bus.", "unsafe"),
    ("No one is on the road, so yes.", "safe"),
    ("No one is on the road. It is safe.", "safe"),
    ("The answer depends on the traffic light.", "unclear"),
    ("If no cars are coming, it is safe.", "unclear"),
    ("There's a risk of collision with the parked car.", "unsafe"),
    ("It looks safe enough.", "safe"),
    ("Nothing suggests that it would be dangerous to go on.", "safe"),
    ("It is not clear if it is safe, so I would stop.", "unsafe"),
    ("It is impossible to say.", "unclear"),
    ("Yes", "safe"),
    ("no.", "unsafe"),
    ("NO!", "unsafe"),
    ("Safe to proceed", "safe"),
    ("Unsafe to proceed", "unsafe"),
    ("The situation is hazardous.", "unsafe"),
    ("A pedestrian stands dangerously close to the lane.", "unsafe"),
    ("It's a safe environment for pedestrians.", "safe"),
    ("Yes, there is a safe path through the middle.", "safe"),
    ("There is no safe path.", "unsafe"),
    ("Not if the tram is moving.", "unclear"),
    ("Hmm, hard to tell.", "unclear"),
    ("Drivers should slow down and be cautious.", "unclear"),
    ("I see no reason not to proceed.", "safe"),
    ("Driving forward does not pose a danger.", "safe"),
]


@pytest.mark.parametrize(
    ("texts", "right", "wrong"),
    [pytest.param(HELD_OUT, 32, 0, id="held out"), pytest.param(FIRST_READ, 39, 1, id="first read")],
)
def test_answers_that_the_parser_was_not_written_for(texts, right, wrong) -> None:
    given = [(safety_answer(text), verdict) for text, verdict in texts]
    assert sum(got == verdict for got, verdict in given) >= right
    assert sum(got not in ("unclear", verdict) for got, verdict in given) <= wrong


@pytest.mark.parametrize(
    ("text", "verdict"),
    [pytest.param(text, verdict, id=repr(text)) for verdict, texts in VERDICTS.items() for text in texts],
)
def test_answers_commit_themselves_to_what_they_say(text: str, verdict: str) -> None:
    assert safety_answer(text) == verdict


@pytest.mark.parametrize("text", [text for texts in VERDICTS.values() for text in texts])
def test_case_and_white_space_change_no_verdict(text: str) -> None:
    assert safety_answer(text.upper()) == safety_answer(f"  {text}\n") == safety_answer(text)


def test_the_captions_of_contrastive_models_are_verdicts() -> None:
    assert safety_answer(SAFETY_CAPTIONS["yes"]) == "safe"
    assert safety_answer(SAFETY_CAPTIONS["no"]) == "unsafe"
    for safe, unsafe in SAFETY:
        assert (safety_answer(safe), safety_answer(unsafe)) == ("safe", "unsafe")


def test_a_verdict_is_a_verdict_of_itself() -> None:
    for text in [text for texts in VERDICTS.values() for text in texts]:
        verdict = safety_answer(text)
        assert safety_answer(verdict) == verdict


def test_every_plain_verdict_is_turned_round_by_not() -> None:
    plain = [piece.text for piece in LEXICON.phrases.values() if piece.kind is Kind.UNSAFE and " " not in piece.text]
    assert len(plain) >= 5
    for word in plain:
        assert (safety_answer(f"It is {word}."), safety_answer(f"It is not {word}.")) == ("unsafe", "safe")
