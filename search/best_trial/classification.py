"""Has a trial classify pictures that the user names; one that cannot be costs no other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.best_trial.choice import Say
from search.best_trial.pictures import PictureError, read_picture
from search.best_trial.prediction import require_probabilities
from search.best_trial.trained import CLASSIFICATION, named_classes, trained_objective
from search.errors import ObjectiveError
from search.objective.contract import ClassifyingObjective
from search.studies.reader import StudyReader
from search.studies.trials import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_AT_ONCE = 32
"""Pictures in memory at the same time."""


@dataclass(frozen=True)
class Classified:
    """What a trial says of a picture.

    Args:
        path: The picture's file, as it was given.
        classes: Name and probability of each class, the likeliest first.
    """

    path: Path
    classes: tuple[tuple[str, float], ...]


def classify_files(
    study: StudyReader, record: Trial, paths: Sequence[Path], say: Say
) -> list[Classified]:
    """Classify pictures with the state of a trial's best epoch.

    Args:
        study: The study.
        record: A COMPLETE trial.
        paths: The files, at least one.
        say: Told which are left out, if not all of them.

    Returns:
        Those that could be classified, in the order given.

    Raises:
        ObjectiveError: If the objective cannot do it.
        PictureError: If none could be classified; the message names all.
        StudyError: If the checkpoint is missing or damaged.
    """
    found: list[Classified] = []
    problems: dict[Path, str] = {}
    with trained_objective(study, record, CLASSIFICATION) as objective:
        for part in _parts(paths):
            pictures = list(_readable(part, problems))
            found += _classify(objective, pictures, problems)
    in_order = [problems[path] for path in dict.fromkeys(paths) if path in problems]
    if not found:
        raise PictureError("\n".join(in_order))
    for problem in in_order:
        say(f"left out: {problem}")
    return found


def class_probabilities(
    objective: ClassifyingObjective, pictures: "Sequence[Image]"
) -> "NDArray[np.float64]":
    """Have an objective classify pictures, and look at what it gives.

    Args:
        objective: In the state of its best epoch.
        pictures: `(N,)`, of any size and mode.

    Returns:
        Probabilities `(N, K)`.

    Raises:
        ObjectiveError: If that is not what it gives.
        ValueError: If the objective refuses one of the pictures.
    """
    probabilities = np.asarray(objective.classify(pictures), np.float64)
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
    objective: ClassifyingObjective,
    pictures: "Sequence[tuple[Path, Image]]",
    problems: dict[Path, str],
) -> list[Classified]:
    """Classify pictures at once, or one by one if one of them cannot be."""
    if not pictures:
        return []
    try:
        probabilities = class_probabilities(objective, [picture for _, picture in pictures])
    except ValueError as error:
        if getattr(error, "fatal", False):
            raise
        if len(pictures) > 1:
            return [c for one in pictures for c in _classify(objective, [one], problems)]
        path, reason = pictures[0][0], (str(error).splitlines() or ["no message"])[0]
        problems[path] = f"{path}: {reason}"
        return []
    names = named_classes(objective, probabilities.shape[1])
    return [
        Classified(path, tuple((names[k], float(row[k])) for k in np.argsort(-row, kind="stable")))
        for (path, _), row in zip(pictures, probabilities, strict=True)
    ]
