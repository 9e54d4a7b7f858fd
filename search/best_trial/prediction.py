"""Has a trial classify pictures that the user names; one that it cannot costs no other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.best_trial.choice import Say
from search.best_trial.pictures import PictureError, read_picture
from search.best_trial.trained import (
    CLASSIFICATION,
    named_classes,
    require_probabilities,
    trained_classifier,
)
from search.errors import ObjectiveError
from search.objective.contract import Classifier
from search.studies.reader import StudyReader
from search.studies.trials import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_AT_ONCE = 32
"""Pictures in memory at the same time."""


@dataclass(frozen=True)
class Classified:
    """What a trial says of a picture."""

    path: Path
    classes: tuple[tuple[str, float], ...]
    """Name and probability of each class, the likeliest first."""


def classify_files(
    study: StudyReader, trial: Trial, paths: Sequence[Path], say: Say
) -> list[Classified]:
    """Classify pictures with the state of a trial's best epoch.

    Args:
        study: The study.
        trial: A COMPLETE trial.
        paths: The files, at least one.
        say: Told which are left out, if not all of them.

    Returns:
        Those that could be classified, in the order given.

    Raises:
        PictureError: If none could be classified; the message names all.
    """
    found: list[Classified] = []
    problems: dict[Path, str] = {}
    with trained_classifier(study, trial, CLASSIFICATION) as classifier:
        for part in _parts(paths):
            pictures = list(_readable(part, problems))
            found += _classify(classifier, pictures, problems)
    in_order = [problems[path] for path in dict.fromkeys(paths) if path in problems]
    if not found:
        raise PictureError("\n".join(in_order))
    for problem in in_order:
        say(f"left out: {problem}")
    return found


def class_probabilities(
    classifier: Classifier, pictures: "Sequence[Image]"
) -> "NDArray[np.float64]":
    """Have pictures classified, and look at what comes: probabilities `(N, K)`.

    A ValueError of the classifier says that it refuses one of them.
    """
    probabilities = np.asarray(classifier.classify(pictures), np.float64)
    if probabilities.ndim != 2 or len(probabilities) != len(pictures):
        raise ObjectiveError(
            "objective: classify() must give probabilities (N, K), with N = "
            f"{len(pictures)}, got {probabilities.shape}"
        )
    require_probabilities(probabilities, "classify()")
    return probabilities


def _parts(paths: Iterable[Path]) -> Iterator[list[Path]]:
    waiting = iter(paths)
    while part := list(islice(waiting, _AT_ONCE)):
        yield part


def _readable(paths: Iterable[Path], problems: dict[Path, str]) -> "Iterator[tuple[Path, Image]]":
    for path in paths:
        try:
            yield path, read_picture(path)
        except PictureError as error:
            problems[path] = str(error)


def _classify(
    classifier: Classifier,
    pictures: "Sequence[tuple[Path, Image]]",
    problems: dict[Path, str],
) -> list[Classified]:
    """Classify pictures at once, or one by one if one of them cannot be."""
    if not pictures:
        return []
    try:
        probabilities = class_probabilities(classifier, [picture for _, picture in pictures])
    except ValueError as error:
        if getattr(error, "fatal", False):
            raise
        if len(pictures) > 1:
            return [c for one in pictures for c in _classify(classifier, [one], problems)]
        path, reason = pictures[0][0], (str(error).splitlines() or ["no message"])[0]
        problems[path] = f"{path}: {reason}"
        return []
    names = named_classes(classifier, probabilities.shape[1])
    return [
        Classified(path, tuple((names[k], float(row[k])) for k in np.argsort(-row, kind="stable")))
        for (path, _), row in zip(pictures, probabilities, strict=True)
    ]
