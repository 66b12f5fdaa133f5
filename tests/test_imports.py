"""What is loaded when: whoever asks for little does not wait for torch, gradio or the Hub's client."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dfsc

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "torchvision", "gradio", "matplotlib", "huggingface_hub", "scipy", "pydantic")
EXAMPLE = "weights/examples/screw_block/good/139.jpg"
HELP = "from dfsc.__main__ import main\ntry: main({arguments})\nexcept SystemExit: pass\n"


def loaded(program: str) -> set[str]:
    """The modules that a program of its own has loaded when it ends."""
    told = f"{program}\nimport sys\nsys.stderr.write('\\n'.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines())


def test_the_library_alone_loads_nothing_else():
    modules = loaded("import dfsc")
    assert not modules & {*HEAVY, "PIL", "numpy"}


def test_every_public_name_is_what_type_checkers_take_it_for():
    source = ast.parse((ROOT / "dfsc" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in source.body if isinstance(node, ast.If))
    told = {}
    exec(compile(ast.Module(block.body, []), "dfsc", "exec"), told)
    names = set(dfsc.__all__) - {"__version__"}
    assert {name: told[name] for name in names} == {name: getattr(dfsc, name) for name in names}
    assert set(told) - names == {"__builtins__", "start"}


@pytest.mark.parametrize("command", ["app", "inspect", "push", "pull", "render"])
def test_help_loads_neither_torch_nor_the_page(command):
    assert not loaded(HELP.format(arguments=[command, "--help"])) & {*HEAVY}


def test_the_list_of_commands_loads_none_of_them():
    modules = loaded(HELP.format(arguments=["--help"]))
    assert "dfsc.commands" in modules
    assert not {name for name in modules if name.startswith("dfsc.commands.")}
    assert not modules & {*HEAVY, "PIL", "numpy"}


def test_decoding_a_photograph_loads_neither_torch_nor_the_page():
    modules = loaded(f"import dfsc\ndfsc.read_image({EXAMPLE!r})")
    assert "PIL" in modules
    assert not modules & {*HEAVY}


def test_inspecting_loads_neither_training_nor_the_page_nor_the_hub():
    arguments = ["inspect", EXAMPLE, "--product", "screw_block", "--json"]
    modules = loaded(f"from dfsc.__main__ import main\nassert main({arguments}) == 0")
    assert "torch" in modules
    assert not modules & {*HEAVY} - {"torch"}
    rooms = {name.split(".")[1] for name in modules if name.startswith("dfsc.")}
    assert not rooms & {"training", "material", "evaluation", "scenes", "datasets", "interface", "study", "sweeps"}


def test_importing_changes_no_filter_of_warnings_and_no_variable():
    program = (
        "import os, warnings, importlib, torch, numpy\n"
        "before = list(warnings.filters), dict(os.environ)\n"
        "import dfsc\n"
        "[getattr(dfsc, name) for name in dfsc.__all__]\n"
        "ours = [f for f in warnings.filters if f not in before[0] and 'PIL' in str(f)]\n"
        "assert not ours, ours\n"
        "assert dict(os.environ) == before[1]\n"
    )
    assert "dfsc.training.recipe" in loaded(program)
