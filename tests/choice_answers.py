"""Answers to a question of four options, and the letter that each reading gives: what the scorers' tests compare with.

A row is a text and five letters, "-" where nothing is read: strict, MMBench, SEED-Bench, BLINK, MMMU. The strict ones
are judged by hand. The others are what the official functions returned for the text, run outside of this project:
`can_infer` of open-compass/VLMEvalKit@e8e78f05, `seed_process_result` of EvolvingLMMs-Lab/lmms-eval@75571cfe,
`analyze_answer` of zeyofu/BLINK_Benchmark@2d6a779b ("-" where it asks GPT), `parse_multi_choice_response` of
MMMU-Benchmark/MMMU@bb0b95a9 ("-" where it draws).
"""

OPTIONS = ("cat", "dog", "red car", "bird")
READINGS = ("strict", "mmbench", "seedbench", "blink", "mmmu")

ANSWERS = {
    # a letter alone
    "A": "AAAAA",
    "B.": "BBB-B",
    "(C)": "CC-CC",
    "[D]": "DD---",
    "{A}": "AA---",
    "**B**": "BB---",
    "B)": "BBB--",
    "(B": "-B---",
    "b": "B-B--",
    "(c)": "C----",
    "Ｂ": "B----",
    "（Ｂ）": "B----",
    "Б": "-----",
    "D\n": "DDD--",
    "\n A": "AAA-A",
    " A": "AAA-A",
    "A.": "AAA-A",
    # a letter and text
    "A: cat": "AAA--",
    "B. dog": "BBB--",
    "(C) red car": "CC-CC",
    "A - cat": "AAA-A",
    "B dog": "BBB-B",
    "A cat": "AAA-A",
    "B.dog": "BBB--",
    "b. dog": "BBB--",
    # sentences
    "The answer is A because it is small.": "AA--A",
    "Answer: (B)": "BBABB",
    "Answer: B": "BBA-B",
    "Option C": "CC--C",
    "The correct answer is **D**.": "DD---",
    "I think it is (B).": "BB--B",
    "The answer is B, since it barks at all of the strangers here.": "BB---",
    "B is right, since it barks at all of the strangers here.": "B-B-B",
    "After some thought about the picture in front of me I choose (D).": "DDA-D",
    "So I would say:\n\n(C)": "CC-CC",
    "First (A) is small.\n\nHence (B) it is.": "---BB",
    "answer is d": "DDA--",
    # articles and words
    "A dog": "-AA-A",
    "A dog sits on a mat.": "-BA-A",
    "The answer is a dog": "-A---",
    "The answer is banana": "-B---",
    "Apple": "--A--",
    "Because": "--B--",
    "cat": "AAC--",
    "Dog.": "BBD--",
    "It is a catalogue": "-A---",
    "It is a dog.": "-B---",
    "It is a red car, I think": "-C--C",
    "The picture shows the dog that I know from the park": "----B",
    "concatenate it all into one long word": "--C-A",
    "D'accord": "--D--",
    "C++ it is": "--C--",
    # none or several
    "": "-----",
    "   ": "-----",
    "not sure": "-----",
    "I don't know.": "-----",
    "None of the above": "-----",
    "A or B": "--A-B",
    "A and B": "--A-B",
    "(A) or (B)": "----B",
    "(A) (B)": "----B",
    "B, no: A": "--B-A",
    "cat or dog": "--C--",
    "E": "-----",
    "(E)": "-----",
    "Z": "-----",
    "It could be either of the two.": "-----",
    # denials
    "not A": "-A--A",
    "It is not (B).": "-B--B",
    "not A but B": "----B",
    "The answer is not C": "-C--C",
    "Neither (A) nor (B)": "----B",
    # other scripts, numbers, LaTeX
    "1": "-----",
    "2.": "-----",
    "٢": "-----",
    "答案是B": "B----",
    "选C。": "C----",
    "$B$": "B----",
    "\\boxed{C}": "CC---",
    "\\text{D}": "DD---",
    "\\(A\\)": "A----",
    "$\\mathrm{A}$": "AA---",
    # refusals
    "Sorry, I can't help with images of people yet.": "-----",
    "Cannot determine the answer: dog": "--C--",
    "Failed to obtain answer via API": "-----",
}


def of(reading: str) -> list[tuple[str, str | None]]:
    """Every text with the option that the reading gives, None where it gives none."""
    column = READINGS.index(reading)
    letters = {text: row[column] for text, row in ANSWERS.items()}
    return [(text, None if letter == "-" else OPTIONS["ABCD".index(letter)]) for text, letter in letters.items()]
