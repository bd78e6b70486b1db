"""Charts of the numbers of analyses, each declared once (Vega-Lite) and shown on pages, in notebooks and in files.

A chart holds no colours, sizes of type or widths of its own: a theme gives them where it is shown.
"""
