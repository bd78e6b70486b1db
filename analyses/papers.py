"""The papers behind the analyses, by citation key."""

from collections.abc import Mapping
from types import MappingProxyType

HIDDEN_INSTABILITY = "wani2026same"
DEGRADATION = "cheng2026semantic"
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
