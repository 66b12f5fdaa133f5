"""All commands by name, each with what it does in a line or two.

A command is a module here of that name, with add_arguments(parser) and run(options), which gives the exit status. It is
imported when its command is asked for.
"""

COMMANDS = {
    "app": "Start the page in which photographs are inspected and detectors are trained.",
    "inspect": "Inspect photographs with one or several detectors.",
    "train": "Train a detector, or a matched pair, on good images.",
    "evaluate": "Image AUROC, sPRO or AUPRO, and pixel AUROC on a data set in one of the layouts of docs/datasets.md.",
    "sweep": "Train and evaluate every combination of settings on data sets; stopped, it goes on where it was.",
    "study": (
        "Write what the page's Compare tab shows: figures of sweeps, and test images on which the methods differ."
    ),
    "benchmark": (
        "Measure speed, retrainings, trivial baselines, wrong photographs, or MVTec LOCO AD beside published figures."
    ),
    "distill": (
        "Distil a teacher from a pretrained backbone on a folder of photographs; stopped, it goes on where it was."
    ),
    "render": "Render a product's good and anomalous photographs in MVTec LOCO AD's layout.",
    "push": (
        "Upload all detectors of a folder with their teacher to the Hugging Face Hub, or with --space this app "
        "(log in with `hf auth login`)."
    ),
    "pull": "Fetch detectors from the Hugging Face Hub into a folder; every file is checked against the Hub's hash.",
}
