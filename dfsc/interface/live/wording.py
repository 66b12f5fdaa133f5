"""The Live tab's texts."""

TITLE = "Live"
CAMERA, STOP, VIDEO_FILE = "Start camera", "Stop", "Open video file"
CAMERA_FAILED = "The camera can’t be used: {why}. Allow it in the browser’s settings, or open a video file instead."
VIDEO_FAILED = "This browser can’t play that file; choose an MP4 or WebM video."
PRODUCT_LABEL, METHOD_LABEL = "Product", "Detectors"
ALL_METHODS = "All detectors"
TRIGGER_LABEL = "Inspect"
TRIGGERS = {
    "always": "all the time",
    "key": "at a key (space)",
    "part": "when a part lies still",
}
INSPECT_NOW = "Inspect now"
EMPTY_SCENE, EMPTY_NEEDED = (
    "This is the empty scene",
    "Show the scene without a part and press “This is the empty scene”.",
)
EMPTY_KNOWN = "The empty scene is known; a part is inspected once it lies still."
SOUND, MAP, LARGE = "Sound when not OK", "Show where", "Full screen"
STAGE = "Live inspection: Space inspects now"
VERDICTS = {"accept": "OK", "reject": "NOT OK", "foreign": "NO PART", "unsure": "NO VERDICT", "none": "READY"}
MEANINGS = {
    "accept": "No detector rejects this part.",
    "reject": "Rejected by {methods}.",
    "foreign": "This is not the product, or none is there.",
    "unsure": "These detectors are not usable yet; train them longer.",
    "none": "Start the camera or open a video file.",
}
STATS = "{inspected} inspected, {rate} a second"
REJECTS_TITLE, REJECTS_NONE = "Last rejects", "Rejected parts appear here; click one to see its maps."
OPEN_LABEL = "Open {photo} in the Inspect tab"
GONE = "This page was open for too long or the server was restarted; reload the page."
FAILED = "The server did not answer; trying again."
BUSY = "The last frame of this page is still being inspected."
NOT_A_FRAME = "This is not a frame that can be inspected."
FRAME_NAME = "Frame"
