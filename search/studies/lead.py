"""What the best trial's lead is worth, by the validation images that each trial classified right.

That is told of a study whose one metric is an accuracy to maximise: a trial's answers count where
their mean is its value. Trials are compared where they were validated on the same images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.study import StudyDirection

from search.statistics.paired import Answers, accuracy_error
from search.statistics.selection import tied_with_first
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_SAME_VALUE = 1e-6
"""How far a trial's value may be from the mean of its answers: values are of single precision."""


@dataclass(frozen=True)
class Lead:
    """How sure the order of a study's trials is; all of it empty where nothing can be told.

    Args:
        errors: The standard error of the value of each trial that has answers, by number.
        compared: The answers of the best trial and of every other complete one on the same
            images, best first.
        tied: Numbers of those that cannot be told from the best one, itself included, best first.
    """

    errors: dict[int, float] = field(default_factory=dict)
    compared: dict[int, Answers] = field(default_factory=dict)
    tied: list[int] = field(default_factory=list)

    @property
    def n_images(self) -> int:
        """On how many images trials are compared."""
        return len(next(iter(self.compared.values()), ()))


def lead_of(study: StudyReader) -> Lead:
    """Compare the best trial of a study with every other complete one on the same images."""
    every = study.answers() if len(study.directions) == 1 else {}
    if not every:
        return Lead()
    trials = study.trials()
    answers = {
        trial.number: every[trial.number]
        for trial in trials
        if trial.number in every and is_accuracy(study, trial, every[trial.number])
    }
    compared = _comparable(study, trials, answers)
    ties = tied_with_first(list(compared.values())) if compared else []
    return Lead(
        {number: accuracy_error(of_trial) for number, of_trial in answers.items()},
        compared,
        [number for number, is_tied in zip(compared, ties, strict=True) if is_tied],
    )


def is_accuracy(study: StudyReader, trial: Trial, answers: Answers) -> bool:
    """Tell whether a trial's value is the share of its answers that are right."""
    if study.direction != StudyDirection.MAXIMIZE or trial.value is None or not len(answers):
        return False
    return abs(float(answers.mean()) - trial.value) <= _SAME_VALUE


def data_of(study: StudyReader, version: int) -> Any:
    """Give what decides on which images the trials of a version of the space are validated."""
    spec = study.spec_of(version)
    return spec.objective, spec.settings.get("data", spec.settings)


def cheapest(trials: Sequence[Trial]) -> Trial:
    """Find the trial of the fewest weights, or seconds where some have none; the first of equals.

    Of equally many weights the one of the fewest seconds is the cheapest.
    """
    known = all(trial.metrics.get("n_parameters") is not None for trial in trials)

    def cost(trial: Trial) -> tuple[float, float]:
        seconds = float("inf") if trial.seconds is None else trial.seconds
        return (trial.metrics.get("n_parameters") or 0.0) if known else 0.0, seconds

    return min(trials, key=cost)


def saves(trial: Trial, other: Trial) -> bool:
    """Tell whether a trial has a tenth less weights than another one, or seconds without any."""
    weights = [one.metrics.get("n_parameters") for one in (trial, other)]
    cost, of_other = (one.seconds for one in (trial, other)) if None in weights else weights
    return cost is not None and of_other is not None and cost <= 0.9 * of_other


def _comparable(
    study: StudyReader, trials: Sequence[Trial], answers: dict[int, Answers]
) -> dict[int, Answers]:
    """Choose complete trials, best first, validated on the same images as the best one."""
    best = trials[0] if trials else None
    if best is not None and best.split_seed is not None:
        return {}  # a confirmation: each repetition may have images of its own
    if best is None or best.state != "COMPLETE" or best.number not in answers:
        return {}
    data = {version: data_of(study, version) for version in {t.space_version for t in trials}}
    return {
        trial.number: answers[trial.number]
        for trial in trials
        if trial.state == "COMPLETE"
        and trial.number in answers
        and len(answers[trial.number]) == len(answers[best.number])
        and data[trial.space_version] == data[best.space_version]
    }
