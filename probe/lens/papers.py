"""The papers that the words at the places of a picture come from."""

from analyses.papers import BIBTEX, LENS

NEO = """@misc{neo2024towards,
  title = {Towards Interpreting Visual Information Processing in Vision-Language Models},
  author = {Neo, Clement and Ong, Luke and Torr, Philip and Geva, Mor and Krueger, David and Barez, Fazl},
  year = {2024},
  eprint = {2410.07149},
  archivePrefix = {arXiv}
}"""

SOURCES = (BIBTEX[LENS], NEO)
"""The lens, and the lens at the positions of an image."""
