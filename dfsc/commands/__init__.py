"""All commands by name, each with its description.

A command is a module of that name in this package, with add_arguments(parser) and run(options), which returns the exit
status. It is imported on demand.
"""

COMMANDS = {
    "app": "Start the page for inspecting photos and training detectors.",
    "inspect": "Inspect photos with one or more detectors.",
    "watch": "Inspect what a camera, a video, a stream or a folder into which photos fall shows, as JSON lines.",
    "train": "Train a detector, or a matched pair, on good images.",
    "evaluate": "Measure image AUROC, sPRO or AUPRO, and pixel AUROC on a data set (layouts: docs/datasets.md).",
    "region": "Give detectors a region of interest: only what lies in it counts.",
    "sweep": "Train and evaluate every combination of settings on data sets; resumes where it stopped.",
    "study": (
        "Write the data of the page's Compare tab: results of sweeps, and test images on which the methods differ."
    ),
    "benchmark": (
        "Measure speed, also beside anomalib, short trainings, trivial baselines, photos of other things, many "
        "visitors at once, or MVTec LOCO AD beside the papers."
    ),
    "convert": "Convert an EfficientAD detector or teacher of anomalib or nelson1425/EfficientAD, without running it.",
    "export": "Write detectors to one file for onnxruntime, OpenVINO or TorchScript, and check it.",
    "distill": ("Distil a teacher from a pretrained backbone on a folder of photos; resumes where it stopped."),
    "render": "Render good and anomalous images of a product in MVTec LOCO AD's layout.",
    "push": (
        "Upload the detectors in a folder with their teacher to the Hugging Face Hub, a rendered data set with "
        "--dataset, or this app with --space (log in with `hf auth login` first)."
    ),
    "pull": "Download detectors from the Hugging Face Hub into a folder; every file is checked against the Hub's hash.",
}
