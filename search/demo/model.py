"""A trained network that answers for the pictures of the page, one at a time."""

import base64
import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search.best_trial.choice import Say
from search.best_trial.classification import class_probabilities
from search.best_trial.pictures import PictureError, decode_picture
from search.best_trial.trained import guarded, named_classes
from search.objective.contract import ClassifyingObjective

if TYPE_CHECKING:
    from PIL.Image import Image

N_EXAMPLES = 30
"""Test images on the page."""


@dataclass(frozen=True)
class Example:
    """A test image.

    Args:
        png: Its file.
        label: Its class, from 0.
    """

    png: bytes
    label: int


@dataclass(frozen=True)
class Answer:
    """What the network says of a picture.

    Args:
        classes: `(K,)`, names.
        probabilities: `(K,)`.
        seen: PNG of the picture as the network sees it; None if the objective does not show it.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    seen: bytes | None

    def plain(self) -> dict[str, Any]:
        """Write it for the page.

        Returns:
            Plain data, the picture as an address that holds it.
        """
        address = self.seen and f"data:image/png;base64,{base64.b64encode(self.seen).decode()}"
        return {"classes": self.classes, "probabilities": self.probabilities, "seen": address}


class DemoModel:
    """Answers for pictures.

    Args:
        objective: In the state of its best epoch.
        say: Told why there are no test images, if the data has none.

    Attributes:
        classes: Names, in the order of the probabilities; none if the objective has none.
        draws: Whether its images are grey, so that one can be drawn.
        examples: Some test images; none if the objective does not give them.
    """

    def __init__(self, objective: ClassifyingObjective, say: Say) -> None:
        self._objective = objective
        self._lock = threading.Lock()
        self.classes = tuple(map(str, getattr(objective, "classes", ())))
        self.draws = getattr(objective, "image_shape", (3,))[0] == 1
        self.examples = _examples(objective, say)

    def answer(self, content: bytes) -> Answer:
        """Classify a picture.

        Args:
            content: Its file.

        Returns:
            What the network says of it.

        Raises:
            ObjectiveError: If the objective has a flaw.
            PictureError: If it is no image, or one that cannot be classified.
        """
        picture = decode_picture(content)
        with self._lock, guarded("objective"):
            try:
                (probabilities,) = class_probabilities(self._objective, [picture])
                seen = self._seen(picture)
            except ValueError as error:
                if getattr(error, "fatal", False):
                    raise
                reason = (str(error).splitlines() or ["no message"])[0]
                raise PictureError(f"picture: {reason}") from None
        classes = named_classes(self._objective, len(probabilities))
        return Answer(classes, tuple(map(float, probabilities)), seen)

    def _seen(self, picture: "Image") -> bytes | None:
        show = getattr(self._objective, "seen", None)
        return _png(show([picture])[0]) if show else None


def _examples(objective: ClassifyingObjective, say: Say) -> tuple[Example, ...]:
    give = getattr(objective, "examples", None)
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
