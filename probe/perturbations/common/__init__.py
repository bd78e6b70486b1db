"""The common corruptions of ImageNet-C: 15 and 4 extra, five severities each (IC).

The reference is the authors' code and its extension to any size; where the two differ, or are wrong, the docstrings say
what is followed. Like them, results are cut off to 8 bits, not rounded.
"""

from . import blur, color, digital, elastic, fog, frost, glass, motion, noise, snow, spatter, zoom

GROUPS = (noise, blur, glass, motion, zoom, snow, frost, fog, color, elastic, digital, spatter)

FAMILIES = tuple(family for group in GROUPS for family in group.FAMILIES)
