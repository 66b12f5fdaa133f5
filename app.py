"""Start the page: `python app.py`, or the entry of a Hugging Face Space."""

from dfsc.interface.page import build_page, launch_arguments


def main() -> None:
    build_page().queue(max_size=64).launch(**launch_arguments())


if __name__ == "__main__":
    main()
