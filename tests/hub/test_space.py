"""The app as a Space: what is uploaded, by the real client to a Hub on loopback, and what is refused."""

from pathlib import Path

import pytest
from huggingface_hub import metadata_load

from dfsc.__main__ import main
from dfsc.errors import CheckpointError
from dfsc.hub.space import push_space, stage_space

KEPT = {
    "app.py",
    "requirements.txt",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "README.md",
    "dfsc/page.py",
    "docs/inspect.jpg",
    "docs/notes.md",
    "weights/block/dfsc/model.safetensors",
}
LEFT = {
    ".git/config",
    "dfsc/__pycache__/page.pyc",
    "dfsc/.cache",
    "tests/test_page.py",
    "weights/new/.training/step.safetensors",
    "weights/half.part/config.json",
    ".venv/lib.py",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small app, with what lies about in a checkout."""
    for name in KEPT | LEFT:
        file = tmp_path / "app" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (tmp_path / "app" / "README.md").write_text(
        "---\ntitle: Inspector\nemoji: 🔎\nsdk: gradio\nthumbnail: docs/inspect.jpg\n---\n\n# Inspector\n"
    )
    return tmp_path / "app"


def settings(files: dict[str, bytes], folder: Path) -> dict:
    """The front matter of an uploaded README."""
    (folder / "read.md").write_bytes(files["README.md"])
    return metadata_load(folder / "read.md")


def test_a_space_gets_the_apps_files_and_the_real_name_of_its_models(published, root, tmp_path):
    commit = published.repositories["org/block"].references["main"]
    assert push_space("org/inspector", "org/block", root=root) == f"{published.address}/spaces/org/inspector"
    space = published.repositories["spaces/org/inspector"]
    assert set(space.files) == KEPT | {".gitattributes"}
    assert space.variables == {"DFSC_HUB_REPO": f"org/block@{commit}"}
    told = settings(space.files, tmp_path)
    assert (told["title"], told["emoji"], told["models"]) == ("Inspector", "🔎", ["org/block"])
    assert told["thumbnail"] == f"{published.address}/spaces/org/inspector/resolve/main/docs/inspect.jpg"
    name, files, version = told["preload_from_hub"][0].split()
    assert (name, version) == ("org/block", commit)
    assert set(files.split(",")) == set(published.repositories["org/block"].files)
    assert space.files["README.md"].endswith(b"---\n\n# Inspector\n")


def test_pushed_again_it_follows_the_app_and_leaves_what_is_the_owners(hub, root, tmp_path):
    push_space("org/inspector", root=root)
    space = hub.repositories["spaces/org/inspector"]
    assert "models" not in settings(space.files, tmp_path)
    assert space.variables == {}
    space.commit({"notes.txt": b"mine", "dfsc/old.py": b"gone from the app"})
    (root / "weights/block/dfsc/model.safetensors").unlink()
    push_space("org/inspector", root=root)
    assert set(space.files) == KEPT - {"weights/block/dfsc/model.safetensors"} | {"notes.txt", ".gitattributes"}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("asked", ["/api/repos/create", "/api/spaces/org/inspector/commit"])
def test_a_space_that_may_not_be_written_is_one_plain_sentence(published, root, status, asked):
    published.status[asked] = status
    with pytest.raises(CheckpointError, match="org/inspector is not writable for you") as refusal:
        push_space("org/inspector", "org/block", root=root)
    assert str(refusal.value).count("\n") == 0
    assert "http" not in str(refusal.value)


def test_without_the_models_or_the_app_nothing_is_uploaded(hub, root, tmp_path):
    refused = {
        "org/nothing was not found": ("org/inspector", "org/nothing", root),
        "not the name of a repository": ("inspector", "", root),
        "should look like org/name or": ("org/inspector", "org/block:dfsc", root),
        "app.py is not in": ("org/inspector", "", tmp_path / "read"),
    }
    for said, (space, models, folder) in refused.items():
        with pytest.raises(CheckpointError, match=said):
            push_space(space, models, root=folder)
    assert hub.repositories == {}


def test_without_a_network_it_is_said(root, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError, match="could not be written, because the Hub can't be reached"):
        push_space("org/inspector", root=root)


def test_the_command_wants_either_a_folder_or_a_space(capsys):
    for arguments in (["push"], ["push", "DIR"], ["push", "DIR", "--space", "org/a"], ["push", "--models", "org/a"]):
        assert main(arguments) == 2
        assert "Name either DIR and ORG/NAME, or --space" in capsys.readouterr().err


def test_this_app_is_whole_and_its_thumbnail_is_among_its_files(tmp_path):
    stage_space("org/inspector", None, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("app.py", "dfsc", "docs", "weights", "requirements.txt"),
        *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    }
    assert not [path for path in tmp_path.rglob("*") if path.name == "__pycache__" or path.name.startswith(".")]
    thumbnail = metadata_load(tmp_path / "README.md")["thumbnail"]
    start, _, picture = thumbnail.partition("/resolve/main/")
    assert start.endswith("/spaces/org/inspector")
    assert (tmp_path / picture).is_file()
