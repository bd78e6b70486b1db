"""`probe patch`: states of a run's perturbed views put into its clean ones and the reverse, and what the answer does.

`choice` draws the pairs, `forwards` patches one sample's, `stored` is what of them a run keeps, `command` runs it all.
"""
