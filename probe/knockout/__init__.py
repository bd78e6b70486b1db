"""`probe knockout`: attention from the text of a run's prompts to their pictures, cut in windows of layers.

`windows` says which layers and tokens, `forwards` cuts in one sample's views, `stored` is what a run keeps, `command`
runs it all.
"""
