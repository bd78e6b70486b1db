"""Scores of options over all their surface forms, as they stand in a run. `hooks.forms` says which forms there are."""

from stores import Variable

FORMS = Variable(
    "forms_log_likelihood",
    ("option",),
    "float32",
    "nat",
    "log of the likelihood summed over the option's surface forms (case, with and without a space)",
    "arXiv 2602.06652",
)
"""What `--forms` stores beside the plain scores."""
