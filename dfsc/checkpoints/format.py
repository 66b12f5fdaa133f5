"""What the files of a checkpoint are called, and what its config.json calls the format."""

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = FILES = ("config.json", "model.safetensors", "README.md")
TEACHER = "teacher"

DETECTOR_FORMAT = "dfsc-detector-1"
TEACHER_FORMAT = "dfsc-teacher-1"
