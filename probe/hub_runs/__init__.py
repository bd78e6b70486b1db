"""Runs as datasets of the hub: pushed with a card and a table, and fetched as `hf://OWNER/NAME[@REVISION]`.

README.md          the card, from the run's provenance
answers.parquet    a row for each sample under each condition, which the hub shows
run/               the run, as it is on disk
"""

FOLDER, TABLE = "run", "answers.parquet"
"""Where the run and its table are in a repository."""
