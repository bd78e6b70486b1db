"""`probe lens`: the words that the head reads at each place of a picture, layer by layer.

`read` shows an image of a run to its model again, `summary` is the table of a terminal, `page` the page to look at,
`command` runs it all.
"""
