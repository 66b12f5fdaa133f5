"""A sweep of three steps on the drawn data set, as a command and as a folder that is finished."""

import pytest
from PIL import Image

from dfsc.__main__ import main

STEPS = ["--steps", "3", "--copies", "1"]


@pytest.fixture(scope="module")
def penalty(tmp_path_factory, draw):
    folder = tmp_path_factory.mktemp("penalty")
    for seed in range(3):
        Image.fromarray(draw(seed, missing=range(4), scratch=True)).save(folder / f"{seed}.png")
    return ["--penalty", str(folder)]


@pytest.fixture
def sweep(demo_weights, toy_dataset, penalty, capsys):
    """sweep(folder, *options) → exit status, table and messages."""

    def run(folder, *options):
        capsys.readouterr()
        status = main(["sweep", str(toy_dataset), "--out", str(folder), *STEPS, *penalty, *map(str, options)])
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture(scope="module")
def by_one_process(demo_folder, toy_dataset, penalty, tmp_path_factory):
    """The folder of a sweep of one seed by one process."""
    folder = tmp_path_factory.mktemp("one")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DFSC_WEIGHTS", str(demo_folder))
        main(["sweep", str(toy_dataset), "--out", str(folder), *STEPS, *penalty, "--seed", "0"])
    return folder
