"""What README promises and what CI runs are the same."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_ci_runs_the_readmes_test_command_and_the_space_has_the_required_gradio():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start, test = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert test in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert start.endswith(".venv/bin/python app.py")
    version = re.search(r"^sdk_version: (\S+)$", readme, re.MULTILINE).group(1)
    assert f"gradio=={version}" in (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    description = re.search(r"^short_description: (.+)$", readme, re.MULTILINE).group(1)
    assert len(description) <= 60
