"""`probe patch`: states of a run's perturbed views put into its clean ones and the reverse, and what the answer does.

`forwards` patches one sample's pairs, `stored` is what of them a run keeps, `command` runs it all.
"""
