"""The papers behind steering and knockout, by citation key; part of `papers.BIBTEX`."""

from collections.abc import Mapping
from types import MappingProxyType

LATENT_STEERING = "liu2024reducing"
ATTENTION_KNOCKOUT = "geva2023dissecting"
KNOCKOUT_IMAGES = "neo2025towards"

BIBTEX: Mapping[str, str] = MappingProxyType(
    {
        LATENT_STEERING: """@misc{liu2024reducing,
  title = {Reducing Hallucinations in Vision-Language Models via Latent Space Steering},
  author = {Liu, Sheng and Ye, Haotian and Zou, James},
  year = {2024},
  eprint = {2410.15778},
  archivePrefix = {arXiv}
}""",
        ATTENTION_KNOCKOUT: """@inproceedings{geva2023dissecting,
  title = {Dissecting Recall of Factual Associations in Auto-Regressive Language Models},
  author = {Geva, Mor and Bastings, Jasmijn and Filippova, Katja and Globerson, Amir},
  booktitle = {Conference on Empirical Methods in Natural Language Processing},
  year = {2023},
  eprint = {2304.14767},
  archivePrefix = {arXiv}
}""",
        KNOCKOUT_IMAGES: """@inproceedings{neo2025towards,
  title = {Towards Interpreting Visual Information Processing in Vision-Language Models},
  author = {Neo, Clement and Ong, Luke and Torr, Philip and Geva, Mor and Krueger, David and Barez, Fazl},
  booktitle = {International Conference on Learning Representations},
  year = {2025},
  eprint = {2410.07149},
  archivePrefix = {arXiv}
}""",
    }
)
