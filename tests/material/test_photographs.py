"""A visitor's photographs: what is read, in which order and sizes, what is left out, pointed out and said."""

import io
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dfsc.errors import ImageError
from dfsc.images.decoding import read_image, resize_for_network
from dfsc.images.good_parts import good_training
from dfsc.material import photographs as photograph_sets
from dfsc.material.lookalikes import near_duplicates, unlike_the_others
from dfsc.material.photographs import joined, load_photographs, photo_set, read_photographs


def save(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture(scope="module")
def pictures(draw) -> list[np.ndarray]:
    return [draw(seed, 320, 240) for seed in range(14)]


@pytest.fixture(scope="module")
def files(pictures, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("good")
    return [save(folder / f"{index:02}.png", pixels) for index, pixels in enumerate(pictures)]


def seen(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack([resize_for_network(picture) for picture in pictures])


def unlike(pictures: list[np.ndarray], stray: np.ndarray) -> dict[int, str]:
    images = [*seen(pictures), resize_for_network(stray)]
    return unlike_the_others(np.stack(images), [(320, 240)] * len(images))


def resaved(pixels: np.ndarray, kind: str, scale: float = 1.0, **options) -> np.ndarray:
    picture, buffer = Image.fromarray(pixels), io.BytesIO()
    picture.resize((round(picture.width * scale), round(picture.height * scale))).save(buffer, kind, **options)
    return read_image(buffer.getvalue())


def test_photographs_come_in_the_visitors_order_and_in_all_sizes(files, pictures):
    photographs = load_photographs([(files[3], "C:\\Parts\\first one.png"), *files[5:], files[0]])
    assert len(photographs) == 11
    assert photographs.names[:2] == ("first one.png", "05.png")
    assert photographs.names[-1] == "00.png"
    np.testing.assert_array_equal(photographs.images, seen([pictures[3], *pictures[5:], pictures[0]]))
    assert {thumbnail.shape for thumbnail in photographs.thumbnails} == {(120, 160, 3)}
    assert set(photographs.sizes) == {(320, 240)}
    assert photographs.left_out == photographs.near_duplicates == photographs.unlike == photographs.hints == ()


def test_reading_tells_of_each_file_and_ends_with_the_photographs(files):
    records = list(read_photographs(files))
    assert [record.done for record in records] == [*range(1, 15), 14]
    assert {record.total for record in records} == {14}
    assert [record.name for record in records[:-1]] == [file.name for file in files]
    assert [record.photographs is None for record in records] == [True] * 14 + [False]


def test_closing_the_generator_stops_the_reading_and_its_threads(files, monkeypatch):
    started = []

    def slow(data: bytes, name: str) -> np.ndarray:
        started.append(name)
        return read_image(data, name)

    monkeypatch.setattr("dfsc.material.photographs.read_image", slow)
    reading = read_photographs(files)
    next(reading)
    reading.close()
    assert len(started) < 6
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("photographs")]


def test_full_size_pixels_of_at_most_two_photographs_exist_at_once(files, monkeypatch):
    lock, inside, most = threading.Lock(), [0], [0]

    def counted(file):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        try:
            return original(file)
        finally:
            with lock:
                inside[0] -= 1

    original = photograph_sets._read
    monkeypatch.setattr("dfsc.material.photographs._read", counted)
    assert len(load_photographs(files)) == 14
    assert most[0] <= 2


def test_wrong_files_are_named_and_the_rest_goes_on(files, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("These are notes.")
    (tmp_path / "cut.png").write_bytes(files[0].read_bytes()[:3000])
    (tmp_path / "parts.rar").write_bytes(b"Rar!\x1a\7\0 and so on")
    (tmp_path / "empty.jpg").touch()
    wrong = [tmp_path / name for name in ("notes.txt", "cut.png", "parts.rar", "empty.jpg", "gone.png")]
    photographs = load_photographs([wrong[0], *files[:6], *wrong[1:], *files[6:]])
    assert len(photographs) == 14
    assert photographs.shortage == ""
    assert sorted(sentence.split()[0] for sentence in photographs.left_out) == sorted(path.name for path in wrong)
    for sentence in photographs.left_out:
        assert sentence.endswith(".")
        assert str(tmp_path) not in sentence


def test_hidden_and_system_files_are_left_out_without_a_word(files, tmp_path: Path):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/a.png", ".git/config", "._00.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"anything")
    photographs = load_photographs([tmp_path / ".DS_Store", (tmp_path / "._00.png", "._00.png"), tmp_path, files[0]])
    assert photographs.names == ("00.png",)
    assert len(photographs.left_out) == 1
    assert photographs.left_out[0].startswith(f"The folder {tmp_path.name} is empty")


def test_folder_is_walked_by_path_and_names_keep_the_folders_within(pictures, tmp_path: Path):
    for index, name in enumerate(("b/1.png", "a/1.png", "a/deep/1.png", "c.png")):
        save(tmp_path / name, pictures[index])
    photographs = load_photographs([tmp_path])
    assert photographs.names == ("c.png", "a/1.png", "a/deep/1.png", "b/1.png")
    np.testing.assert_array_equal(photographs.images, seen([pictures[3], pictures[1], pictures[2], pictures[0]]))


def test_strange_names_fit_into_one_line(files):
    names = ["<b>bold</b>\n.png", "x" * 500, "../../etc/passwd", "", "a\0b.png"]
    photographs = load_photographs(list(zip(files, names, strict=False)))
    assert photographs.names[0] == "b>?.png"
    assert photographs.names[2:] == ("passwd", "The file", "a?b.png")
    assert all(name.isprintable() and len(name) < 80 for name in photographs.names)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "no photograph yet"), (1, "only 1 photograph"), (11, "only 11 photographs"), (12, "")],
)
def test_too_few_are_explained_and_still_shown(files, count: int, words: str):
    photographs = load_photographs(files[:count])
    assert len(photographs) == count
    assert photographs.images.shape == (count, 256, 256, 3)
    assert words in photographs.shortage
    assert bool(photographs.shortage) == (count < 12)
    assert 0 < count < 12 or "please add" not in photographs.shortage


def test_more_than_the_most_are_not_looked_at_and_wrong_files_do_not_count(files, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dfsc.material.photographs.MAX_PHOTOGRAPHS", 5)
    (tmp_path / "notes.txt").write_text("notes")
    photographs = load_photographs([tmp_path / "notes.txt", *files])
    assert photographs.names == tuple(file.name for file in files[:5])
    assert photographs.unread == 9
    assert photographs.surplus == "The first 5 photographs are used; 9 more files were not looked at."
    assert load_photographs(files[:5]).surplus == ""


def test_saved_again_and_scaled_copies_are_found_and_nothing_else(pictures):
    copies = [
        resaved(pictures[0], "JPEG", quality=85),
        resaved(pictures[0], "PNG", 0.5),
        resaved(pictures[7], "WEBP", quality=95),
        resaved(pictures[7], "JPEG", 2.0, quality=80),
    ]
    assert near_duplicates(seen([*pictures, *copies])) == [[0, 14, 15], [7, 16, 17]]
    assert near_duplicates(seen(pictures)) == []


def test_parts_that_hardly_differ_are_no_copies_but_equal_pictures_are(pictures):
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(pictures[0]).filter(ImageFilter.GaussianBlur(2))
    rigid = [(smooth + rng.normal(0, 4, (240, 320, 3))).clip(0, 255).astype(np.uint8) for _ in range(14)]
    assert near_duplicates(seen([*rigid, rigid[3], resaved(rigid[5], "JPEG", quality=85)])) == [[3, 14], [5, 15]]
    assert near_duplicates(seen([pictures[0]] * 12)) == [list(range(12))]
    assert near_duplicates(seen(pictures[:1])) == near_duplicates(np.empty((0, 256, 256, 3), np.uint8)) == []


def test_photograph_of_something_else_is_pointed_out(pictures, draw):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    stripes = np.repeat(np.arange(320)[None] // 40 % 2 * 180 + 30, 240, axis=0).astype(np.uint8)
    for stray in (noise, np.repeat(stripes[..., None], 3, axis=2), draw(3, 320, 240, missing=range(4))):
        assert list(unlike(pictures, stray)) == [14]
    assert list(unlike(pictures, draw(99, 320, 240))) == []


def test_reason_is_in_plain_words(pictures, draw):
    parts = [draw(seed, 320, 240, missing=[0]) for seed in range(14)]
    assert "upside down" in unlike(parts, parts[0][::-1, ::-1])[14]
    assert "side" in unlike(parts, np.rot90(resize_for_network(parts[0])))[14]
    assert "hardly anything" in unlike(pictures, np.full((240, 320, 3), 250, np.uint8))[14]
    assert unlike(pictures, (pictures[0] * 0.3).astype(np.uint8))[14].startswith("its ")


def test_other_proportion_is_pointed_out_unless_it_is_usual(pictures):
    images, wide, tall = seen(pictures[:12]), (320, 240), (240, 320)
    assert list(unlike_the_others(images, [wide] * 11 + [tall])) == [11]
    assert "240×320" in unlike_the_others(images, [wide] * 11 + [tall])[11]
    assert unlike_the_others(images, [wide, tall] * 6) == {}


def test_few_photographs_are_not_compared(pictures):
    assert unlike(pictures[:4], np.zeros((240, 320, 3), np.uint8)) == {}


@pytest.mark.parametrize("nothing", ["", [""], ("", "photos"), [("", "photos")]])
def test_an_empty_path_is_not_the_current_folder(nothing):
    with pytest.raises(ImageError, match="An empty path names no photographs"):
        load_photographs(nothing)


def test_hints_name_copies_and_strays(files, tmp_path: Path, draw):
    copy = save(tmp_path / "copy.jpg", np.asarray(Image.open(files[2])), quality=85)
    stray = save(tmp_path / "cat.png", draw(0, 320, 240, missing=range(4)))
    photographs = load_photographs([*files, copy, stray])
    assert len(photographs) == 16
    assert photographs.near_duplicates == (("02.png", "copy.jpg"),)
    assert [one.name for one in photographs.unlike] == ["cat.png"]
    assert photographs.hints[0] == "02.png and copy.jpg are nearly identical; one of them is enough."
    assert photographs.hints[1].startswith("cat.png looks unlike the others: its ")


def test_joined_sets_keep_both_and_number_equal_names(files, pictures, monkeypatch):
    first, second = load_photographs(files[:3]), photo_set([("02.png", pictures[5]), ("02.png (2)", pictures[6])])
    both = joined(first, second)
    assert both.names == ("00.png", "01.png", "02.png", "02.png (2)", "02.png (2) (2)")
    np.testing.assert_array_equal(both.images, seen([*pictures[:3], *pictures[5:7]]))
    again = joined(first, first)
    assert again.near_duplicates == tuple((name, f"{name} (2)") for name in first.names)
    monkeypatch.setattr("dfsc.material.photographs.MAX_PHOTOGRAPHS", 4)
    assert len(joined(first, second)) == 4
    assert joined(first, second).unread == 1


def test_one_path_is_as_good_as_several(files, tmp_path: Path):
    folder = files[0].parent
    for one in (f"{folder}/", folder):
        assert load_photographs(one).names == tuple(file.name for file in files)
    assert load_photographs(str(files[0])).names == load_photographs((files[0], "00.png")).names == ("00.png",)
    assert load_photographs((files[0], files[1])).names == load_photographs(iter(files[:2])).names
    assert load_photographs((str(files[0]), str(files[1]))).names == ("00.png", "01.png")
    for wrong in (None, 3, [None], [files[0], 3], files[0].read_bytes()):
        with pytest.raises(ImageError, match="one or several, not"):
            load_photographs(wrong)


def test_who_hands_over_more_than_are_taken_is_told_and_may_have_them_all(files):
    with pytest.warns(UserWarning, match="The first 5 photographs are used; 9 more files were not looked at"):
        few = load_photographs(files, most=5)
    assert few.summary == "5 photographs are used; left out: 9 more files were not looked at."
    assert len(load_photographs(files, most=1100)) == 14


def test_links_and_what_is_no_photograph_are_named_with_their_folders(files, tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "a" / "linked.png").symlink_to(files[0])
    (tmp_path / "others").symlink_to(files[0].parent)
    (tmp_path / "a" / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    photographs = load_photographs(tmp_path)
    assert photographs.names == ("a/linked.png",)
    assert sorted(photographs.left_out) == [
        "a/gone.png is a link that leads nowhere.",
        "a/phone.HEIC is a HEIC photograph that can't be read here; export it as JPEG or PNG.",
        "others is a link to a folder, which is not followed; name that folder itself.",
    ]
    assert photographs.summary.startswith("1 photograph is used; left out: ")


def test_files_of_several_folders_are_told_apart(pictures, tmp_path: Path):
    for line in ("line 1", "line 2"):
        save(tmp_path / line / "003.png", pictures[0])
    assert load_photographs([tmp_path / "line 1", tmp_path / "line 2"]).names == ("line 1/003.png", "line 2/003.png")


LAYOUTS = {
    "MVTec AD": ("bottle/train/good/", "bottle/test/good/ bottle/test/broken/ bottle/ground_truth/broken/ bottle/"),
    "without a folder around": ("train/good/", "test/good/ test/broken/"),
    "LOCO AD": ("train/good/", "validation/good/ test/logical_anomalies/ ground_truth/logical_anomalies/000/"),
    "AD 2": ("can/train/good/", "can/validation/good/ can/test_public/bad/ can/test_public/ground_truth/bad/"),
    "VisA": ("candle/Data/Images/Normal/", "candle/Data/Images/Anomaly/ candle/Data/Masks/Anomaly/ candle/"),
    "BTAD": ("01/train/ok/", "01/test/ok/ 01/test/ko/ 01/ground_truth/ko/"),
    "of kinds": ("train/ok_front/", "train/def_front/ test/ok_front/"),
    "train alone": ("Train/", "Test/ masks/"),
    "good beside others": ("Good/", "scratch/ dent/"),
    "faulty ones beside": ("", "NG/ defects/"),
    "test alone": ("test/good/", "test/scratch/"),
    "several days": ("monday/ tuesday/evening/", ""),
}


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_of_a_whole_data_set_only_good_training_images_are_taken(layout: str):
    good, others = (
        folders.split(" ") if folders or layout == "faulty ones beside" else [] for folders in LAYOUTS[layout]
    )
    places = [f"{folder}1.png" for folder in (*others, *good)]
    taken, said = good_training(places)
    assert [places[index] for index in taken] == [f"{folder}1.png" for folder in good]
    assert bool(said) == bool(others)
    assert not others or said.startswith("Only good training images are used")


def test_data_sets_of_several_products_are_not_mixed():
    taken, said = good_training(["a/train/good/1.png", "b/train/good/1.png", "b/test/bad/1.png"])
    assert (taken, "choose one of them" in said) == ([], True)


def test_a_data_set_in_a_zip_or_folder_gives_its_good_images_and_says_so(pictures, tmp_path: Path):
    for number, folder in enumerate(("train/good", "train/good", "test/good", "test/broken", "ground_truth/broken")):
        save(tmp_path / "set" / "bottle" / folder / f"{number}.png", pictures[number])
    packed = shutil.make_archive(str(tmp_path / "bottle"), "zip", tmp_path / "set")
    for upload in (tmp_path / "set", packed):
        photographs = load_photographs(upload)
        assert photographs.names == ("bottle/train/good/0.png", "bottle/train/good/1.png")
        assert photographs.left_out == (
            "Only good training images are used, of this data set the 2 in bottle/train/good, but not 2 in "
            "bottle/test, 1 in bottle/ground_truth.",
        )


def test_bits_of_a_camera_are_those_of_the_whole_set_in_whichever_order(pictures, tmp_path: Path):
    most, places = (900, 4095, 2000), []
    for number, highest in enumerate(most):
        values = (pictures[number][..., 0] / 255 * highest).astype(np.uint16)
        values[0, 0] = highest
        places.append(save(tmp_path / f"{number}.png", values))
    places.append(save(tmp_path / "eight.png", pictures[5]))
    for order in (places, places[::-1]):
        photographs = load_photographs(order)
        assert photographs.bits == 12
        expected = seen([read_image(path, bits=12) for path in order])
        np.testing.assert_array_equal(photographs.images, expected)
        assert photographs.hints[0].startswith("The 16-bit photographs are read as values of 12 bits")
    np.testing.assert_array_equal(load_photographs(places, bits=16).images, seen([read_image(p) for p in places]))
    assert load_photographs(places[3]).bits is None


def test_sets_that_show_little_are_told_of(pictures):
    black = np.zeros((240, 320, 3), np.uint8)
    blank = photo_set((str(number), black) for number in range(14))
    assert "14 are of a single colour" in blank.shortage
    assert blank.hints == ()
    few = photo_set((str(number), black) for number in range(3))
    assert few.hints == ("All of them are of a single colour, so they show no part.",)
    some = photo_set([*((str(number), picture) for number, picture in enumerate(pictures[:13])), ("black", black)])
    assert some.shortage == ""
    assert "black is of a single colour, so it shows no part." in some.hints
    copied = photo_set((str(number), pictures[number % 3]) for number in range(15))
    assert copied.hints[0].startswith("Only 3 of these 15 photographs differ")
