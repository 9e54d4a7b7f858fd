"""A trained network that answers for the pictures of the page, one at a time."""

import base64
import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search.best_trial.choice import Say
from search.best_trial.pictures import PictureError, decode_picture
from search.best_trial.prediction import class_probabilities
from search.best_trial.trained import guarded, named_classes
from search.objective.contract import Classifier

if TYPE_CHECKING:
    from PIL.Image import Image

N_EXAMPLES = 30
"""Test images on the page."""


@dataclass(frozen=True)
class Example:
    """A test image and its class, from 0."""

    png: bytes
    label: int


@dataclass(frozen=True)
class Answer:
    """What the network says of a picture."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    seen: bytes | None
    """PNG of the picture as the network sees it; None if the objective does not show it."""

    def plain(self) -> dict[str, Any]:
        """Write it as plain data for the page, the picture as an address that holds it."""
        address = self.seen and f"data:image/png;base64,{base64.b64encode(self.seen).decode()}"
        return {"classes": self.classes, "probabilities": self.probabilities, "seen": address}


class DemoModel:
    """Answers for pictures, one at a time.

    It has `classes` and `examples`, both empty if the classifier has none, and tells whether it
    `draws`: whether its images are grey, so that people can draw one.
    """

    def __init__(self, classifier: Classifier, say: Say) -> None:
        self._classifier = classifier
        self._lock = threading.Lock()
        self.classes = tuple(map(str, getattr(classifier, "classes", ())))
        self.draws = getattr(classifier, "image_shape", (3,))[0] == 1
        self.examples = _examples(classifier, say)

    def answer(self, content: bytes) -> Answer:
        """Classify a picture, given as the content of its file.

        If it is no image, or one that cannot be classified, that is a `PictureError`.
        """
        picture = decode_picture(content)
        with self._lock, guarded("objective"):
            try:
                (probabilities,) = class_probabilities(self._classifier, [picture])
                seen = self._seen(picture)
            except ValueError as error:
                if getattr(error, "fatal", False):
                    raise
                reason = (str(error).splitlines() or ["no message"])[0]
                raise PictureError(f"picture: {reason}") from None
        classes = named_classes(self._classifier, len(probabilities))
        return Answer(classes, tuple(map(float, probabilities)), seen)

    def _seen(self, picture: "Image") -> bytes | None:
        show = getattr(self._classifier, "seen", None)
        return _png(show([picture])[0]) if show else None


def _examples(classifier: Classifier, say: Say) -> tuple[Example, ...]:
    give = getattr(classifier, "examples", None)
    if give is None:
        return ()
    try:
        return tuple(Example(_png(image), int(label)) for image, label in give(N_EXAMPLES))
    except Exception as error:
        if not getattr(error, "fatal", False):
            raise
        say(f"no test images: {error}")
        return ()


def _png(picture: "Image") -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
