"""The web page. Nothing outside this package imports gradio, and nothing inside it touches tensors."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
