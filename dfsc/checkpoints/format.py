"""What the files of a checkpoint are called, and what its config.json calls the format."""

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = FILES = ("config.json", "model.safetensors", "README.md")
TEACHER = "teacher"
MAX_CONFIG_BYTES = 1_000_000  # of config.json, of which most have 3,000

DETECTOR_FORMAT = "dfsc-detector-1"
TEACHER_FORMAT = "dfsc-teacher-1"
