"""The papers behind the analyses, by citation key."""

from collections.abc import Mapping
from types import MappingProxyType

from . import intervention_papers
from .attention_papers import ON_ATTENTION

HIDDEN_INSTABILITY = "wani2026same"
DEGRADATION = "cheng2026semantic"
COMMON_CORRUPTIONS = "hendrycks2019benchmarking"
ALIGNED_UNDER_CORRUPTION = "mireku_safety"
FOURIER_HEAT_MAP = "yin2019fourier"
OBJECT_HALLUCINATION = "rohrbach2018object"
SURVEY = "shu2025large"
PLATONIC = "huh2024platonic"
KERNEL_ALIGNMENT = "kornblith2019similarity"
MODALITY_GAP = "liang2022mind"
LINEAR_PROBE = "alain2017understanding"
CONTROL_TASK = "hewitt2019designing"
CITYSCAPES = "cordts2016cityscapes"
CALIBRATION = "guo2017calibration"
EXPECTED_CALIBRATION_ERROR = "naeini2015obtaining"
VERIFIED_CALIBRATION = "kumar2019verified"
RANKING = "hanley1982meaning"
COHEN = "cohen1988statistical"
CLUSTER_BOOTSTRAP = "field2007bootstrapping"
JACKKNIFE = "efron1981jackknife"
WILSON = "wilson1927probable"
EFFECTIVE_SAMPLE_SIZE = "korn1998confidence"
FALSE_DISCOVERY = "benjamini1995controlling"
PERMUTATION = "good2005permutation"
MMBENCH = "liu2024mmbench"
SEED_BENCH = "li2023seed"
MMMU = "yue2024mmmu"
BLINK = "fu2024blink"
VQA_V2 = "goyal2017making"
TEXT_VQA = "singh2019towards"
GQA = "hudson2019gqa"
POPE = "li2023evaluating"
ACTIVATION_PATCHING = "zhang2024towards"
PATCHING_IMAGES = "golovanevsky2025vlms"
LENS = "nostalgebraist2020interpreting"
TUNED_LENS = "belrose2023eliciting"
ROGUE_DIMENSIONS = "timkey2021all"
VISUAL_CONTRASTIVE_DECODING = "leng2024mitigating"
CONFORMAL_RISK_CONTROL = "angelopoulos2024conformal"
AVERAGE_THRESHOLDED_CONFIDENCE = "garg2022leveraging"
SELECTIVE_CLASSIFICATION = "geifman2017selective"
PROBABILITY_SCORE = "brier1950verification"

BIBTEX: Mapping[str, str] = MappingProxyType(
    {
        **intervention_papers.BIBTEX,
        TUNED_LENS: """@misc{belrose2023eliciting,
  title = {Eliciting Latent Predictions from Transformers with the Tuned Lens},
  author = {Belrose, Nora and Ostrovsky, Igor and McKinney, Lev and Furman, Zach and Smith, Logan and Halawi, Danny
            and Biderman, Stella and Steinhardt, Jacob},
  year = {2023},
  eprint = {2303.08112},
  archivePrefix = {arXiv}
}""",
        ROGUE_DIMENSIONS: """@inproceedings{timkey2021all,
  title = {All Bark and No Bite: Rogue Dimensions in Transformer Language Models Obscure Representational Quality},
  author = {Timkey, William and van Schijndel, Marten},
  booktitle = {Proceedings of the 2021 Conference on Empirical Methods in Natural Language Processing},
  pages = {4527--4546},
  year = {2021}
}""",
        ACTIVATION_PATCHING: """@inproceedings{zhang2024towards,
  title = {Towards Best Practices of Activation Patching in Language Models: Metrics and Methods},
  author = {Zhang, Fred and Nanda, Neel},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2309.16042},
  archivePrefix = {arXiv}
}""",
        PATCHING_IMAGES: """@inproceedings{golovanevsky2025vlms,
  title = {What Do {VLMs} {NOTICE}? {A} Mechanistic Interpretability Pipeline for {Gaussian}-Noise-free Text-Image
           Corruption and Evaluation},
  author = {Golovanevsky, Michal and Rudman, William and Palit, Vedant and Eickhoff, Carsten and Singh, Ritambhara},
  booktitle = {Conference of the Nations of the Americas Chapter of the ACL},
  year = {2025},
  eprint = {2406.16320},
  archivePrefix = {arXiv}
}""",
        LENS: """@misc{nostalgebraist2020interpreting,
  title = {Interpreting {GPT}: the logit lens},
  author = {nostalgebraist},
  year = {2020},
  howpublished = {LessWrong}
}""",
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
        SURVEY: """@inproceedings{shu2025large,
  title = {Large Vision-Language Model Alignment and Misalignment: A Survey Through the Lens of Explainability},
  author = {Shu, Dong and Zhao, Haiyan and Hu, Jingyu and Liu, Weiru and Payani, Ali and Cheng, Lu and Du, Mengnan},
  booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2025},
  pages = {1713--1735},
  year = {2025},
  eprint = {2501.01346},
  archivePrefix = {arXiv}
}""",
        PLATONIC: """@inproceedings{huh2024platonic,
  title = {Position: The {Platonic} Representation Hypothesis},
  author = {Huh, Minyoung and Cheung, Brian and Wang, Tongzhou and Isola, Phillip},
  booktitle = {International Conference on Machine Learning},
  year = {2024},
  eprint = {2405.07987},
  archivePrefix = {arXiv}
}""",
        KERNEL_ALIGNMENT: """@inproceedings{kornblith2019similarity,
  title = {Similarity of Neural Network Representations Revisited},
  author = {Kornblith, Simon and Norouzi, Mohammad and Lee, Honglak and Hinton, Geoffrey},
  booktitle = {International Conference on Machine Learning},
  year = {2019},
  eprint = {1905.00414},
  archivePrefix = {arXiv}
}""",
        MODALITY_GAP: """@inproceedings{liang2022mind,
  title = {Mind the Gap: Understanding the Modality Gap in Multi-modal Contrastive Representation Learning},
  author = {Liang, Victor Weixin and Zhang, Yuhui and Kwon, Yongchan and Yeung, Serena and Zou, James},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {35},
  pages = {17612--17625},
  year = {2022}
}""",
        LINEAR_PROBE: """@inproceedings{alain2017understanding,
  title = {Understanding intermediate layers using linear classifier probes},
  author = {Alain, Guillaume and Bengio, Yoshua},
  booktitle = {International Conference on Learning Representations, Workshop Track},
  year = {2017},
  eprint = {1610.01644},
  archivePrefix = {arXiv}
}""",
        CONTROL_TASK: """@inproceedings{hewitt2019designing,
  title = {Designing and Interpreting Probes with Control Tasks},
  author = {Hewitt, John and Liang, Percy},
  booktitle = {Conference on Empirical Methods in Natural Language Processing},
  pages = {2733--2743},
  year = {2019},
  eprint = {1909.03368},
  archivePrefix = {arXiv}
}""",
        CITYSCAPES: """@inproceedings{cordts2016cityscapes,
  title = {The {Cityscapes} Dataset for Semantic Urban Scene Understanding},
  author = {Cordts, Marius and Omran, Mohamed and Ramos, Sebastian and Rehfeld, Timo and Enzweiler, Markus
            and Benenson, Rodrigo and Franke, Uwe and Roth, Stefan and Schiele, Bernt},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  pages = {3213--3223},
  year = {2016}
}""",
        CALIBRATION: """@inproceedings{guo2017calibration,
  title = {On Calibration of Modern Neural Networks},
  author = {Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q.},
  booktitle = {International Conference on Machine Learning},
  pages = {1321--1330},
  year = {2017}
}""",
        EXPECTED_CALIBRATION_ERROR: """@inproceedings{naeini2015obtaining,
  title = {Obtaining Well Calibrated Probabilities Using {Bayesian} Binning},
  author = {Pakdaman Naeini, Mahdi and Cooper, Gregory F. and Hauskrecht, Milos},
  booktitle = {Proceedings of the AAAI Conference on Artificial Intelligence},
  pages = {2901--2907},
  year = {2015}
}""",
        VERIFIED_CALIBRATION: """@inproceedings{kumar2019verified,
  title = {Verified Uncertainty Calibration},
  author = {Kumar, Ananya and Liang, Percy and Ma, Tengyu},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {32},
  year = {2019},
  eprint = {1909.10155},
  archivePrefix = {arXiv}
}""",
        RANKING: """@article{hanley1982meaning,
  title = {The Meaning and Use of the Area under a Receiver Operating Characteristic ({ROC}) Curve},
  author = {Hanley, James A. and McNeil, Barbara J.},
  journal = {Radiology},
  volume = {143},
  number = {1},
  pages = {29--36},
  year = {1982}
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
        JACKKNIFE: """@article{efron1981jackknife,
  title = {The Jackknife Estimate of Variance},
  author = {Efron, Bradley and Stein, Charles},
  journal = {The Annals of Statistics},
  volume = {9},
  number = {3},
  pages = {586--596},
  year = {1981}
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
        EFFECTIVE_SAMPLE_SIZE: """@article{korn1998confidence,
  title = {Confidence intervals for proportions with small expected number of positive counts estimated from survey
           data},
  author = {Korn, Edward L. and Graubard, Barry I.},
  journal = {Survey Methodology},
  volume = {24},
  number = {2},
  pages = {193--201},
  year = {1998}
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
        MMBENCH: """@inproceedings{liu2024mmbench,
  title = {{MMBench}: Is Your Multi-modal Model an All-around Player?},
  author = {Liu, Yuan and Duan, Haodong and Zhang, Yuanhan and Li, Bo and Zhang, Songyang and Zhao, Wangbo
            and Yuan, Yike and Wang, Jiaqi and He, Conghui and Liu, Ziwei and Chen, Kai and Lin, Dahua},
  booktitle = {European Conference on Computer Vision},
  year = {2024},
  eprint = {2307.06281},
  archivePrefix = {arXiv}
}""",
        SEED_BENCH: """@misc{li2023seed,
  title = {{SEED-Bench}: Benchmarking Multimodal {LLMs} with Generative Comprehension},
  author = {Li, Bohao and Wang, Rui and Wang, Guangzhi and Ge, Yuying and Ge, Yixiao and Shan, Ying},
  year = {2023},
  eprint = {2307.16125},
  archivePrefix = {arXiv}
}""",
        MMMU: """@inproceedings{yue2024mmmu,
  title = {{MMMU}: A Massive Multi-discipline Multimodal Understanding and Reasoning Benchmark for Expert {AGI}},
  author = {Yue, Xiang and Ni, Yuansheng and Zhang, Kai and Zheng, Tianyu and Liu, Ruoqi and Zhang, Ge
            and Stevens, Samuel and Jiang, Dongfu and Ren, Weiming and Sun, Yuxuan and Wei, Cong and Yu, Botao
            and Yuan, Ruibin and Sun, Renliang and Yin, Ming and Zheng, Boyuan and Yang, Zhenzhu and Liu, Yibo
            and Huang, Wenhao and Sun, Huan and Su, Yu and Chen, Wenhu},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2024},
  eprint = {2311.16502},
  archivePrefix = {arXiv}
}""",
        BLINK: """@inproceedings{fu2024blink,
  title = {{BLINK}: Multimodal Large Language Models Can See but Not Perceive},
  author = {Fu, Xingyu and Hu, Yushi and Li, Bangzheng and Feng, Yu and Wang, Haoyu and Lin, Xudong and Roth, Dan
            and Smith, Noah A. and Ma, Wei-Chiu and Krishna, Ranjay},
  booktitle = {European Conference on Computer Vision},
  year = {2024},
  eprint = {2404.12390},
  archivePrefix = {arXiv}
}""",
        VQA_V2: """@inproceedings{goyal2017making,
  title = {Making the {V} in {VQA} Matter: Elevating the Role of Image Understanding in Visual Question Answering},
  author = {Goyal, Yash and Khot, Tejas and Summers-Stay, Douglas and Batra, Dhruv and Parikh, Devi},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2017},
  eprint = {1612.00837},
  archivePrefix = {arXiv}
}""",
        TEXT_VQA: """@inproceedings{singh2019towards,
  title = {Towards {VQA} Models That Can Read},
  author = {Singh, Amanpreet and Natarajan, Vivek and Shah, Meet and Jiang, Yu and Chen, Xinlei and Batra, Dhruv
            and Parikh, Devi and Rohrbach, Marcus},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2019},
  eprint = {1904.08920},
  archivePrefix = {arXiv}
}""",
        GQA: """@inproceedings{hudson2019gqa,
  title = {{GQA}: A New Dataset for Real-World Visual Reasoning and Compositional Question Answering},
  author = {Hudson, Drew A. and Manning, Christopher D.},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2019},
  eprint = {1902.09506},
  archivePrefix = {arXiv}
}""",
        POPE: """@inproceedings{li2023evaluating,
  title = {Evaluating Object Hallucination in Large Vision-Language Models},
  author = {Li, Yifan and Du, Yifan and Zhou, Kun and Wang, Jinpeng and Zhao, Wayne Xin and Wen, Ji-Rong},
  booktitle = {Conference on Empirical Methods in Natural Language Processing},
  year = {2023},
  eprint = {2305.10355},
  archivePrefix = {arXiv}
}""",
        VISUAL_CONTRASTIVE_DECODING: """@inproceedings{leng2024mitigating,
  title = {Mitigating Object Hallucinations in Large Vision-Language Models through Visual Contrastive Decoding},
  author = {Leng, Sicong and Zhang, Hang and Chen, Guanzheng and Li, Xin and Lu, Shijian and Miao, Chunyan
            and Bing, Lidong},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages = {13872--13882},
  year = {2024},
  eprint = {2311.16922},
  archivePrefix = {arXiv}
}""",
        CONFORMAL_RISK_CONTROL: """@inproceedings{angelopoulos2024conformal,
  title = {Conformal Risk Control},
  author = {Angelopoulos, Anastasios N. and Bates, Stephen and Fisch, Adam and Lei, Lihua and Schuster, Tal},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2208.02814},
  archivePrefix = {arXiv}
}""",
        AVERAGE_THRESHOLDED_CONFIDENCE: """@inproceedings{garg2022leveraging,
  title = {Leveraging Unlabeled Data to Predict Out-of-Distribution Performance},
  author = {Garg, Saurabh and Balakrishnan, Sivaraman and Lipton, Zachary C. and Neyshabur, Behnam and Sedghi, Hanie},
  booktitle = {International Conference on Learning Representations},
  year = {2022},
  eprint = {2201.04234},
  archivePrefix = {arXiv}
}""",
        SELECTIVE_CLASSIFICATION: """@inproceedings{geifman2017selective,
  title = {Selective Classification for Deep Neural Networks},
  author = {Geifman, Yonatan and El-Yaniv, Ran},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {30},
  year = {2017},
  eprint = {1705.08500},
  archivePrefix = {arXiv}
}""",
        PROBABILITY_SCORE: """@article{brier1950verification,
  title = {Verification of Forecasts Expressed in Terms of Probability},
  author = {Brier, Glenn W.},
  journal = {Monthly Weather Review},
  volume = {78},
  number = {1},
  pages = {1--3},
  year = {1950}
}""",
        **ON_ATTENTION,
    }
)
