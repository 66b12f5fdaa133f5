"""Errors of the Hugging Face Hub and its client as one plain sentence each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from dfsc.errors import CheckpointError

# The rest of a sentence about the repository, by the client's error and by the Hub's status code.
_REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (GatedRepoError, "asks you to accept its conditions first; do so on the Hub and log in with `hf auth login`"),
    (
        RepositoryNotFoundError,
        "was not found, neither here nor on the Hub; check the name or log in with `hf auth login`",
    ),
    (RevisionNotFoundError, "has no such revision; check the name behind the @"),
    (HFValidationError, "is not the name of a repository; it should look like org/name"),
)
_ANSWERS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (lambda status: status in (401, 403), "is not readable for you; log in with `hf auth login`"),
    (lambda status: status == 404, "was not found on the Hub; check the name"),
    (lambda status: status == 429, "can't be downloaded now, because the Hub asks to wait; try again in a few minutes"),
    (lambda status: status >= 500, "can't be downloaded now, because the Hub has problems; try again later"),
)
NOT_PUBLIC = "was not found among the public repositories on the Hub, the only ones that a page opens; check the name"
NOT_THE_HUB = "what answered is not the Hub; is there a proxy or a page to log in between"
# What the client makes of an answer that is no JSON, or JSON of something else.
_NO_ANSWERS = (ValueError, LookupError, TypeError, AttributeError)
NOT_WRITTEN = "is not writable for you; check the name, and log in with a write token (`hf auth login`)"


@contextmanager
def hub_errors(name: object, writing: bool = False, public: bool = False) -> Iterator[None]:
    """Turn errors of the Hub's client into one sentence about the repository `name`.

    Args:
        writing: whether it was to be changed; if that is not allowed, the Hub answers 401, 403 or 404.
        public: whether it was requested without a token, so that logging in does not help.

    Raises:
        CheckpointError: in place of the client's error.
    """
    try:
        yield
    except (HFValidationError, HTTPError, OSError) as error:
        raise CheckpointError(f"{name} {_reason(error, writing, public)}.") from error
    except _NO_ANSWERS as error:
        deed = "written" if writing else "fetched"
        raise CheckpointError(f"{name} could not be {deed}, because {NOT_THE_HUB}.") from error


def _reason(error: Exception, writing: bool, public: bool) -> str:
    status = getattr(error.response, "status_code", 0) if isinstance(error, HfHubHTTPError) else None
    if writing and status in (401, 403, 404):
        return NOT_WRITTEN
    if public and status in (401, 403, 404) and not isinstance(error, RevisionNotFoundError):
        return NOT_PUBLIC
    deed = "written" if writing else "fetched"
    named = (reason for kind, reason in _REFUSALS if isinstance(error, kind))
    if status is None:
        return next(named, f"could not be {deed}, because the Hub can't be reached; try again later")
    answered = (reason for fits, reason in _ANSWERS if fits(status))
    return next(named, None) or next(answered, f"could not be {deed}; try again later")
