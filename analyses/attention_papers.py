"""The papers on attention, for `papers.BIBTEX`."""

from collections.abc import Mapping
from types import MappingProxyType

VISUAL_SINKS = "kang2025see"
JENSEN_SHANNON = "lin1991divergence"
NOT_EXPLANATION = "jain2019attention"

ON_ATTENTION: Mapping[str, str] = MappingProxyType(
    {
        VISUAL_SINKS: """@inproceedings{kang2025see,
  title = {See What You Are Told: Visual Attention Sink in Large Multimodal Models},
  author = {Kang, Seil and Kim, Jinyeong and Kim, Junhyeok and Hwang, Seong Jae},
  booktitle = {International Conference on Learning Representations},
  year = {2025},
  eprint = {2503.03321},
  archivePrefix = {arXiv}
}""",
        JENSEN_SHANNON: """@article{lin1991divergence,
  title = {Divergence Measures Based on the {Shannon} Entropy},
  author = {Lin, Jianhua},
  journal = {IEEE Transactions on Information Theory},
  volume = {37},
  number = {1},
  pages = {145--151},
  year = {1991}
}""",
        NOT_EXPLANATION: """@inproceedings{jain2019attention,
  title = {Attention is not Explanation},
  author = {Jain, Sarthak and Wallace, Byron C.},
  booktitle = {Proceedings of the 2019 Conference of the North American Chapter of the Association for Computational
               Linguistics: Human Language Technologies},
  pages = {3543--3556},
  year = {2019}
}""",
    }
)
"""BibTeX entries by key."""
