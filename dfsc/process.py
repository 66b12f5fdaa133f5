"""What a process of this project's own does, and a library must not do to its host's."""

import os
import warnings


def behave() -> None:
    """Let waiting threads sleep, and keep still about pictures what is judged or told elsewhere.

    Called before torch is loaded, whose OpenMP reads the variable then: threads that wait sleep instead of taking a
    core from others who work. Pillow warns of large pictures and odd metadata, which dfsc.images.decoding judges.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    warnings.filterwarnings("ignore", module=r"PIL\.")
