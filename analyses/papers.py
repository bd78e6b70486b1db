"""The papers behind the analyses, by citation key."""

from collections.abc import Mapping
from types import MappingProxyType

HIDDEN_INSTABILITY = "wani2026same"
DEGRADATION = "cheng2026semantic"
COMMON_CORRUPTIONS = "hendrycks2019benchmarking"
ALIGNED_UNDER_CORRUPTION = "mireku_safety"
FOURIER_HEAT_MAP = "yin2019fourier"
OBJECT_HALLUCINATION = "rohrbach2018object"
COHEN = "cohen1988statistical"
CLUSTER_BOOTSTRAP = "field2007bootstrapping"
WILSON = "wilson1927probable"
FALSE_DISCOVERY = "benjamini1995controlling"
PERMUTATION = "good2005permutation"

BIBTEX: Mapping[str, str] = MappingProxyType(
    {
        HIDDEN_INSTABILITY: """@misc{wani2026same,
  title = {Same Answer, Different Representations: Hidden instability in {VLMs}},
  author = {Wani, Farooq Ahmad and Suglia, Alessandro and Saxena, Rohit and Gema, Aryo Pradipta and Kwan, Wai-Chung
            and Barez, Fazl and Bucarelli, Maria Sofia and Silvestri, Fabrizio and Minervini, Pasquale},
  year = {2026},
  eprint = {2602.06652},
  archivePrefix = {arXiv}
}""",
        DEGRADATION: """@misc{cheng2026semantic,
  title = {Semantic Misalignment in Vision-Language Models under Perceptual Degradation},
  author = {Cheng, Guo}
}""",
        COMMON_CORRUPTIONS: """@inproceedings{hendrycks2019benchmarking,
  title = {Benchmarking Neural Network Robustness to Common Corruptions and Perturbations},
  author = {Hendrycks, Dan and Dietterich, Thomas},
  booktitle = {International Conference on Learning Representations},
  year = {2019},
  eprint = {1903.12261},
  archivePrefix = {arXiv}
}""",
        ALIGNED_UNDER_CORRUPTION: """@misc{mireku_safety,
  title = {Do Safety-Aligned Vision-Language Models Degrade Differently Under Common Image Corruptions?},
  author = {Mireku, Prince and Attah-Anyen, Kweku-Abeiku and Nartey, Annaliese and Nanka-Bruce, Nicole
            and Blankson, Betty}
}""",
        FOURIER_HEAT_MAP: """@inproceedings{yin2019fourier,
  title = {A {Fourier} Perspective on Model Robustness in Computer Vision},
  author = {Yin, Dong and Gontijo Lopes, Raphael and Shlens, Jonathon and Cubuk, Ekin D. and Gilmer, Justin},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2019},
  eprint = {1906.08988},
  archivePrefix = {arXiv}
}""",
        OBJECT_HALLUCINATION: """@inproceedings{rohrbach2018object,
  title = {Object Hallucination in Image Captioning},
  author = {Rohrbach, Anna and Hendricks, Lisa Anne and Burns, Kaylee and Darrell, Trevor and Saenko, Kate},
  booktitle = {Empirical Methods in Natural Language Processing},
  year = {2018}
}""",
        COHEN: """@book{cohen1988statistical,
  title = {Statistical Power Analysis for the Behavioral Sciences},
  author = {Cohen, Jacob},
  edition = {2},
  publisher = {Lawrence Erlbaum Associates},
  year = {1988}
}""",
        CLUSTER_BOOTSTRAP: """@article{field2007bootstrapping,
  title = {Bootstrapping clustered data},
  author = {Field, Christopher A. and Welsh, Alan H.},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume = {69},
  number = {3},
  pages = {369--390},
  year = {2007}
}""",
        WILSON: """@article{wilson1927probable,
  title = {Probable Inference, the Law of Succession, and Statistical Inference},
  author = {Wilson, Edwin B.},
  journal = {Journal of the American Statistical Association},
  volume = {22},
  number = {158},
  pages = {209--212},
  year = {1927}
}""",
        FALSE_DISCOVERY: """@article{benjamini1995controlling,
  title = {Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing},
  author = {Benjamini, Yoav and Hochberg, Yosef},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume = {57},
  number = {1},
  pages = {289--300},
  year = {1995}
}""",
        PERMUTATION: """@book{good2005permutation,
  title = {Permutation, Parametric, and Bootstrap Tests of Hypotheses},
  author = {Good, Phillip},
  edition = {3},
  publisher = {Springer},
  year = {2005}
}""",
    }
)
