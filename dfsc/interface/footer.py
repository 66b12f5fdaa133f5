"""The page's footer: the papers, the licence, the API, and how to cite."""

from dfsc.interface import wording
from dfsc.interface.markup import text
from dfsc.version import __version__

# Method, authors, name and address of its paper.
PAPERS = (
    ("EAD-S", "Batzner et al., EfficientAD", "arXiv 2303.14535", "https://arxiv.org/abs/2303.14535"),
    ("DFSC", "Lee & Kim", "arXiv 2407.17909", "https://arxiv.org/abs/2407.17909"),
    ("FCL", "Li & Hu", "10.1109/TIM.2024.3522399", "https://doi.org/10.1109/TIM.2024.3522399"),
    ("FRE", "Ahuja et al.", "arXiv 1909.11786", "https://arxiv.org/abs/1909.11786"),
)
BIBTEX = """@misc{efficientad,
  title  = {EfficientAD: Accurate Visual Anomaly Detection at Millisecond-Level Latencies},
  author = {Batzner, Kilian and Heckler, Lars and K{\\"o}nig, Rebecca},
  year   = {2023},
  eprint = {2303.14535}, archivePrefix = {arXiv}
}
@misc{dfsc,
  title  = {Separating Novel Features for Logical Anomaly Detection: A Straightforward yet Effective Approach},
  author = {Lee, Kangil and Kim, Geonuk},
  year   = {2024},
  eprint = {2407.17909}, archivePrefix = {arXiv}
}
@article{fcl,
  title   = {Feature Consistency Learning for Anomaly Detection},
  author  = {Li and Hu},
  journal = {IEEE Transactions on Instrumentation and Measurement},
  year    = {2024},
  doi     = {10.1109/TIM.2024.3522399}
}
@misc{fre,
  title  = {Probabilistic Modeling of Deep Features for Out-of-Distribution and Adversarial Detection},
  author = {Ahuja, Nilesh A. and Ndiour, Ibrahima and Kalyanpur, Trushant and Tickoo, Omesh},
  year   = {2019},
  eprint = {1909.11786}, archivePrefix = {arXiv}
}"""


def footer_html() -> str:
    papers = "".join(
        f'<li><b>{method}</b>: {text(authors)}, <a href="{address}">{name}</a></li>'
        for method, authors, name, address in PAPERS
    )
    return (
        f'<footer class="about"><ul aria-label="{wording.PAPERS_LABEL}">{papers}</ul><p>{wording.RECONSTRUCTED}</p>'
        f"<p>{wording.TITLE} {text(__version__)} · {wording.LICENCE} · "
        f'<a href="gradio_api/info">{wording.API_LINK}</a> · '
        f'<a href="gradio_api/openapi.json">{wording.OPENAPI_LINK}</a></p>'
        f'<details><summary>{wording.CITE}</summary><pre tabindex="0">{text(BIBTEX)}</pre></details></footer>'
    )
