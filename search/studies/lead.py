"""What the best trial's lead is worth, by what is known of each trial's validation images.

That is told of a study of one metric. Where it is an accuracy to maximise, it is told by the
answers of every trial; where it is a loss, F1 or AUROC, by the predictions of the trials that keep
`best.pt`. Either counts where the trial's value follows from it. Trials are compared where they
were validated on the same images.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna.study import StudyDirection

from search.errors import SearchError
from search.statistics.by_image import METRICS, Scoring
from search.statistics.paired import Answers, ByImage, standard_error
from search.statistics.selection import tied_with_first
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_SAME_VALUE = 1e-6
"""How far a trial's value may be from the mean of its answers: values are of single precision."""
_SAME_SCORE = 0.005
"""The same for predictions, as a share of the value: they are kept with half precision."""


@dataclass(frozen=True)
class Lead:
    """How sure the order of a study's trials is; all of it empty where nothing can be told.

    Args:
        errors: The standard error of the value of each trial of which enough is known, by number.
        compared: Answers, or scores of which higher are better, of the best trial and of every
            other complete one on the same images, best first.
        tied: Numbers of those that cannot be told from the best one, itself included, best first.
    """

    errors: dict[int, float] = field(default_factory=dict)
    compared: dict[int, ByImage] = field(default_factory=dict)
    tied: list[int] = field(default_factory=list)

    @property
    def n_images(self) -> int:
        """On how many images trials are compared."""
        return len(next(iter(self.compared.values()), ()))

    @property
    def by_answers(self) -> bool:
        """Whether they are compared by answers."""
        return all(of_trial.dtype == np.bool_ for of_trial in self.compared.values())


def lead_of(study: StudyReader) -> Lead:
    """Compare the best trial of a study with every other complete one on the same images."""
    if len(study.directions) > 1:
        return Lead()
    trials = study.trials()
    # Checkpoints are not looked at where the answers tell, which are kept of every trial.
    known = answers_of(study, trials) or scores_of(study, trials)
    compared = _comparable(study, trials, known)
    ties = tied_with_first(list(compared.values())) if compared else []
    return Lead(
        {number: standard_error(of_trial) for number, of_trial in known.items()},
        compared,
        [number for number, is_tied in zip(compared, ties, strict=True) if is_tied],
    )


def answers_of(study: StudyReader, trials: Sequence[Trial]) -> dict[int, ByImage]:
    """Give the answers of those trials whose value is the share of them that are right."""
    every = study.answers()
    return {
        trial.number: every[trial.number]
        for trial in trials
        if trial.number in every and is_accuracy(study, trial, every[trial.number])
    }


def is_accuracy(study: StudyReader, trial: Trial, answers: Answers) -> bool:
    """Tell whether a trial's value is the share of its answers that are right."""
    if study.direction != StudyDirection.MAXIMIZE or trial.value is None or not len(answers):
        return False
    return abs(float(answers.mean()) - trial.value) <= _SAME_VALUE


def scores_of(study: StudyReader, trials: Sequence[Trial]) -> dict[int, ByImage]:
    """Give scores, higher is better, of those complete trials whose value is their mean.

    They come from the predictions in `best.pt`, where there is one; of a metric to minimise they
    are turned round.
    """
    score = metric_by_image(study)
    values = {trial.number: trial.value for trial in trials if trial.state == "COMPLETE"}
    if score is None or not values:
        return {}
    sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
    found: dict[int, ByImage] = {}
    with contextlib.suppress(SearchError):  # the place of the checkpoints cannot be reached
        for number, predictions in study.checkpoints.predictions(values):
            scores = score(predictions.probabilities, predictions.labels)
            if _is_mean(scores.mean(), values[number]):
                found[number] = sign * scores
    return found


def metric_by_image(study: StudyReader) -> Scoring | None:
    """Give what turns predictions into scores of the study's metric, by the end of its name."""
    return METRICS.get(study.spec.metric.name.rpartition("_")[2])


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


def _is_mean(mean: float, value: float | None) -> bool:
    return value is not None and abs(mean - value) <= _SAME_SCORE * abs(value)


def _comparable(
    study: StudyReader, trials: Sequence[Trial], known: dict[int, ByImage]
) -> dict[int, ByImage]:
    """Choose complete trials, best first, validated on the same images as the best one."""
    best = trials[0] if trials else None
    if best is not None and best.split_seed is not None:
        return {}  # a confirmation: each repetition may have images of its own
    if best is None or best.state != "COMPLETE" or best.number not in known:
        return {}
    data = {version: data_of(study, version) for version in {t.space_version for t in trials}}
    return {
        trial.number: known[trial.number]
        for trial in trials
        if trial.state == "COMPLETE"
        and trial.number in known
        and len(known[trial.number]) == len(known[best.number])
        and data[trial.space_version] == data[best.space_version]
    }
