"""inspect --out: many photographs to a table that survives whatever ends its writing."""

import csv
import importlib.util
import os
import shutil
import signal
import zipfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.__main__ import main
from dfsc.inspection.growing_table import GrowingTable

COUNT = 10


@pytest.fixture(scope="session")
def photographs(tmp_path_factory, draw):
    """A working folder with photographs in two folders of `many`, one of them broken, and a note."""
    root = tmp_path_factory.mktemp("bulk")
    for number in range(COUNT):
        folder = root / "many" / f"shift {number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(number, 96, 80, missing=[1] if number % 3 == 0 else [])).save(folder / f"{number:03}.png")
    (root / "many" / "broken.png").write_bytes(b"nothing")
    (root / "many" / "notes.md").write_text("to do")
    return root


@pytest.fixture
def dfsc(capsys, monkeypatch, photographs):
    """dfsc(*arguments) → exit status and what it says on standard error."""

    def run(*arguments):
        monkeypatch.chdir(photographs)
        status = main(["inspect", *map(str, arguments)])
        return status, capsys.readouterr().err

    return run


def rows_of(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def uninterrupted(photographs, demo_folder, tmp_path_factory):
    """A folder with the table that nothing interrupts, whole.csv, and whole.left_out.csv; for reading only."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFSC_WEIGHTS", str(demo_folder))
        patch.chdir(photographs)
        assert main(["inspect", "many", "--product", "toy_block", "--out", str(folder / "whole.csv")]) == 1
    return folder


@pytest.fixture
def whole(uninterrupted, demo_weights, tmp_path):
    """A copy of that table, with that of what was left out beside it."""
    for file in uninterrupted.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / "whole.csv"


def test_the_table_says_what_inspect_says_and_bad_files_have_their_own(dfsc, whole, tmp_path):
    dfsc("many", "--product", "toy_block", "--csv", tmp_path / "few.csv")
    few = [row for row in rows_of(tmp_path / "few.csv") if row["detector"]]
    found = rows_of(whole)
    for one, other in zip(found, few, strict=True):
        assert float(one.pop("score")) == pytest.approx(float(other.pop("score")), abs=2e-4)
        assert one == {key: value for key, value in other.items() if key != "note"}
    left_out = {row["photograph"]: row["note"] for row in rows_of(tmp_path / "whole.left_out.csv")}
    assert set(left_out) == {"many/broken.png", "many/notes.md"}
    assert all(note.endswith(".") for note in left_out.values())


@pytest.mark.parametrize("batches", [0, 2])
def test_killed_in_the_middle_of_a_line_it_loses_and_repeats_nothing(
    dfsc, whole, demo_weights, tmp_path, photographs, monkeypatch, batches
):
    killed = tmp_path / "killed.csv"
    written = []
    write = GrowingTable.write

    def die(table, rows, left_out, count):
        """At the given batch, with half of it in the file."""
        if len(written) < batches:
            write(table, rows, left_out, count)
            written.append(count)
        else:
            write(table, rows[: len(rows) // 2], left_out, count)
            os.truncate(killed, killed.stat().st_size - 9)
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        monkeypatch.setattr(GrowingTable, "write", die)
        with ExitStack() as last:
            last.callback(os._exit, 1)
            dfsc("many", "--product", "toy_block", "--out", killed)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert 0 < killed.stat().st_size < whole.stat().st_size
    status, said = dfsc("many", "--product", "toy_block", "--out", killed)
    assert status == 1
    assert "10 photographs inspected" in said
    assert killed.read_bytes() == whole.read_bytes()
    assert (tmp_path / "killed.left_out.csv").read_bytes() == (tmp_path / "whole.left_out.csv").read_bytes()


def test_a_finished_table_is_left_as_it_is_and_new_photographs_are_added(
    dfsc, whole, photographs, draw, tmp_path, demo_weights
):
    before = whole.read_bytes()
    assert "12 of 12 photographs are in the table" in dfsc("many", "--product", "toy_block", "--out", whole)[1]
    assert whole.read_bytes() == before
    Image.fromarray(draw(99)).save(tmp_path / "new.png")
    dfsc("many", tmp_path / "new.png", "--product", "toy_block", "--out", whole)
    assert whole.read_bytes().startswith(before)
    assert [row["photograph"] for row in rows_of(whole)[-2:]] == [str(tmp_path / "new.png")] * 2


@pytest.mark.parametrize(
    "options",
    [
        ("--product", "toy_block", "--reject", "1"),
        ("--product", "toy_block", "--mix", "1"),
        ("--checkpoint", "toy_block/dfsc"),
    ],
)
def test_a_table_of_other_limits_or_detectors_is_not_gone_on_with(dfsc, whole, options):
    before = whole.read_bytes()
    status, said = dfsc("many", *options, "--out", whole)
    assert (status, said.count("\n"), "name another file" in said) == (2, 1, True)
    assert whole.read_bytes() == before


@pytest.mark.parametrize("content", [b"my notes", b"photograph,mine\r\na.png,1\r\n", b"\x00\x01" * 500])
def test_a_file_that_is_something_else_is_not_touched(dfsc, tmp_path, demo_weights, content):
    (tmp_path / "mine.csv").write_bytes(content)
    status, said = dfsc("many", "--product", "toy_block", "--out", tmp_path / "mine.csv")
    assert (status, said.count("\n")) == (2, 1)
    assert (tmp_path / "mine.csv").read_bytes() == content


def test_a_second_inspection_stays_out_of_a_table_that_is_being_written(dfsc, whole, demo_weights):
    with GrowingTable(whole, [(row["detector"], row["limit"]) for row in rows_of(whole)[:2]]) as table:
        assert (table.inspected, table.left_out) == (COUNT, 2)
        status, said = dfsc("many", "--product", "toy_block", "--out", whole)
    assert (status, "Another inspection" in said) == (2, True)


def test_lists_zips_and_addresses_give_what_the_folder_gives(dfsc, whole, photographs, tmp_path, demo_weights):
    paths = sorted(path.relative_to(photographs) for path in photographs.glob("many/shift*/*.png"))
    listed = photographs / "listed.txt"
    listed.write_text("".join(f"{path}\n" for path in [*paths, paths[0], Path("many/gone.png")]))
    with zipfile.ZipFile(photographs / "packed.zip", "w") as archive:
        for path in paths:
            archive.write(photographs / path, path)
    scores = [row["score"] for row in rows_of(whole)]
    for source in ("listed.txt", "packed.zip", f"file://{photographs}/many"):
        table = tmp_path / f"{source[:4]}.csv"
        dfsc(source, "--product", "toy_block", "--out", table)
        assert [row["score"] for row in rows_of(table)] == scores
    assert [row["photograph"] for row in rows_of(tmp_path / "list.left_out.csv")] == ["many/gone.png"]
    assert rows_of(tmp_path / "pack.csv")[0]["photograph"] == f"packed.zip/{paths[0]}"


def test_photographs_of_any_name_are_known_again(dfsc, tmp_path, draw, demo_weights):
    """With what a CSV file quotes, what a spreadsheet would run, and bytes that are no text."""
    (tmp_path / "odd").mkdir()
    for name in (b'a, "b"\r\nc.png', b"=1+1.png", b"caf\xe9.png", "π.png".encode()):
        Image.fromarray(draw(1, 64, 64)).save(tmp_path / "odd" / os.fsdecode(name))
    table = tmp_path / "odd.csv"
    for before in ("", "4 of 4 photographs are in the table"):
        status, said = dfsc(tmp_path / "odd", "--checkpoint", "toy_block/dfsc", "--out", table)
        assert (status, before in said, "4 photographs inspected" in said) == (0, True, True)
        assert len(rows_of(table)) == 4


def test_of_many_photographs_each_is_known_again(tmp_path):
    """As many as it takes for digests that begin or end with any byte."""
    names = [f"{number}.png" for number in range(5000)]
    judges = [("block-dfsc", "0.1000")]
    with GrowingTable(tmp_path / "many.csv", judges) as table:
        table.write([(name, 9, 9, "block-dfsc", "accept", "0.0500", "0.1000", "local") for name in names], [], 5000)
    with GrowingTable(tmp_path / "many.csv", judges) as table:
        assert len(table.known) == table.inspected == len(names)
        assert all(name in table.known for name in names)
        assert not any(f"{name}.png" in table.known for name in names)


def test_maps_have_the_names_of_their_photographs(dfsc, photographs, tmp_path, demo_weights):
    options = ("--checkpoint", "toy_block/dfsc", "--maps", tmp_path / "maps")
    dfsc("many/../many/shift 0", *options, "--out", tmp_path / "a.csv")
    files = [str(path.relative_to(tmp_path / "maps")) for path in (tmp_path / "maps").rglob("*.tiff")]
    assert len(files) == 3 * COUNT / 2
    assert all(file.startswith("many/many/shift 0/00") for file in files)
    row = rows_of(tmp_path / "a.csv")[0]
    (file,) = (tmp_path / "maps").rglob("000.png*.fused.tiff")
    with Image.open(file) as fused:
        assert fused.size == (96, 80)
        assert np.asarray(fused).max() == pytest.approx(float(row["score"]), rel=0.1, abs=0.02)
    status, said = dfsc("many", *options, "--out", tmp_path / "b.csv")
    assert (status, "not overwritten" in said) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("many", "--workers", "2"),
        ("many", "--out", "table.xlsx"),
        ("many", "--out", "table.csv", "--json"),
        ("many", "--out", "table.csv", "--workers", "0"),
        ("nowhere", "--out", "table.csv"),
        ("nothing.txt", "--out", "table.csv"),
        ("memory://nowhere/at/all.zip/", "--out", "table.csv", "--maps-layout", "loco"),
    ],
)
def test_what_goes_with_nothing_is_refused_in_one_sentence(dfsc, photographs, demo_weights, arguments):
    status, said = dfsc(*arguments, "--product", "toy_block")
    assert (status, said.count("\n")) == (2, 1)
    assert not (photographs / "table.csv").exists()


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="the optional package pyarrow is not installed")
def test_parquet_holds_the_same_table_in_types_of_its_own(dfsc, whole, tmp_path, demo_weights):
    from pyarrow import parquet

    table = tmp_path / "whole.parquet"
    dfsc("many", "--product", "toy_block", "--out", table)
    found = parquet.read_table(table).to_pylist()
    for one, other in zip(found, rows_of(whole), strict=True):
        assert one["score"] == pytest.approx(float(other["score"]))
        assert {key: str(one[key]) for key in ("photograph", "width", "verdict")} == {
            key: other[key] for key in ("photograph", "width", "verdict")
        }
    assert len(rows_of(tmp_path / "whole.parquet.left_out.csv")) == 2
    assert "finished already" in dfsc("many", "--product", "toy_block", "--out", table)[1]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="the optional package pyarrow is installed")
def test_parquet_without_its_package_is_refused(dfsc, tmp_path, demo_weights):
    status, said = dfsc("many", "--product", "toy_block", "--out", tmp_path / "whole.parquet")
    assert (status, said.count("\n"), "pyarrow" in said) == (2, 1, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "spread",
    [
        ("--workers", 2),
        pytest.param(
            ("--workers", 2, "--ray"),
            marks=pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
        ),
    ],
    ids=["processes", "ray"],
)
def test_two_workers_give_the_same_table_as_one(dfsc, shared_folder, monkeypatch, tmp_path, photographs, spread):
    monkeypatch.setenv("DFSC_WEIGHTS", str(shared_folder))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("dfsc.commands.bulk.PIECE", 3)
    for name, options in (("one", ()), ("two", spread)):
        assert dfsc("many", "--checkpoint", "toy_block/dfsc", *options, "--out", tmp_path / f"{name}.csv")[0] == 1
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.left_out.csv").read_bytes() == (tmp_path / "two.left_out.csv").read_bytes()
