"""The library's own errors: each message is one plain sentence that a user can act on."""


class DFSCError(Exception):
    """Base of every error that this library raises for bad input; its message may be shown to users as is."""


class ImageError(DFSCError):
    """A file or array is not an image that can be inspected."""


class CheckpointError(DFSCError):
    """A checkpoint is missing, incomplete, tampered with, or made for another teacher."""


class DatasetError(DFSCError):
    """A folder does not have the expected layout, or a product's name is not known."""


class DeviceError(DFSCError):
    """A device to compute on is not there, or no device is called so."""


class TrainingError(DFSCError):
    """A training can't start or can't go on (too few images, a setting out of range, a diverging loss)."""


class DivergenceError(TrainingError):
    """A loss is not finite or has grown without bound; the networks are back at their last good state."""


class TooShortError(TrainingError):
    """The time is too short to train in."""


# What torch says of too little memory, in the end its oneDNN, which has no other words for it.
_LACKING = ("allocate memory", "out of memory", "could not create a primitive")
NO_MEMORY = "There is not enough memory for this; end other programs, or ask for less at a time."


def lacks_memory(error: BaseException) -> bool:
    """Whether an error is that of too little memory, as Python or torch, on a processor or a GPU, tell it."""
    told = isinstance(error, RuntimeError) and any(said in str(error) for said in _LACKING)
    return told or isinstance(error, MemoryError)


def system_refused(error: OSError, where: str = "") -> str:
    """The sentence about what the system refused: a full disk, a folder that can't be written."""
    at = f" at {where}" if where else ""
    return f"The system refused{at}: {error.strerror or str(error).rstrip('.')}."
