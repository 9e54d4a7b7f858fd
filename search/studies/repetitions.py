"""What the trials of a confirmation have come to so far, and which repetition is next."""

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np
from optuna.study import StudyDirection

from search.spaces.point_sampler import trial_seed
from search.statistics.paired import Answers
from search.statistics.repeated import (
    Ending,
    Numbers,
    Race,
    image_covariance,
    race,
    undominated,
)
from search.studies.confirmation import Plan, open_confirmation, read_plan
from search.studies.lead import cheapest, is_accuracy, saves
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import counted

_OF_REPETITIONS = 1 << 20
"""Added to the number of a repetition, so that its seed is not that of any trial of the study."""
_ENDINGS = {
    "one left": "one candidate is left",
    "precise": "the candidates left are tied, and their differences known as precisely as wanted",
    "hopeless": "more seeds are not expected to tell the candidates left apart",
}


def repetition_seed(study_seed: int, repetition: int) -> int:
    """Derive the seed of all that is random in a repetition: weights, order and split."""
    return trial_seed(study_seed, _OF_REPETITIONS + repetition)


class Repetitions:
    """The trials of a confirmation, by candidate and repetition.

    Args:
        study: The study that confirms another one.
        plan: What it is to do.
    """

    def __init__(self, study: StudyReader, plan: Plan) -> None:
        self.study = study
        self.plan = plan
        trials = sorted(study.trials(), key=lambda trial: trial.number)
        # Of a trial that was tried again, the later one counts.
        self.trials = {
            (trial.candidate, trial.repetition): trial
            for trial in trials
            if trial.candidate is not None and trial.repetition is not None
        }
        self._answers = study.answers()

    @classmethod
    def of(cls, study: StudyReader) -> "Repetitions | None":
        """Read those of a study; None if it confirms no other one."""
        plan = read_plan(study)
        return None if plan is None else cls(study, plan)

    @functools.cached_property
    def failed(self) -> dict[int, Trial]:
        """A failed trial of each candidate that has one: such a candidate is out."""
        found = [(key, trial) for key, trial in self.trials.items() if trial.state == "FAIL"]
        return {candidate: trial for (candidate, _), trial in reversed(found)}

    def complete(self, candidate: int) -> list[Trial]:
        """List the complete trials of a candidate by repetition."""
        keys = [(candidate, repetition) for repetition in range(self.plan.n_repetitions)]
        trials = [self.trials[key] for key in keys if key in self.trials]
        return [trial for trial in trials if trial.state == "COMPLETE"]

    @functools.cached_property
    def race(self) -> Race:
        """The race of the candidates that have not failed."""
        failed = self.failed
        values = self.values(self.study.spec.metric.name)
        if len(self.study.directions) == 1:
            plan = self.plan
            return race(values, plan.n_repetitions, self.covariance, plan.precision, failed)
        left = [place for place in range(values.shape[1]) if place not in failed]
        n = _n_whole(values[:, left])
        ending: Ending = "spent" if n == self.plan.n_repetitions else "running"
        return Race(n, left, None, {}, ending)

    def values(self, metric: str) -> Numbers:
        """Give a metric so that higher is better: `(S, K)`, NaN where a trial is not complete."""
        sign = 1.0 if self.study.directions[metric] == StudyDirection.MAXIMIZE else -1.0
        values = np.full((self.plan.n_repetitions, len(self.plan.candidates)), math.nan)
        for (candidate, repetition), trial in self.trials.items():
            value = trial.metrics.get(metric)
            if trial.state == "COMPLETE" and repetition < len(values) and value is not None:
                values[repetition, candidate] = sign * value
        return values

    def covariance(self, n: int, candidates: Sequence[int]) -> Numbers | None:
        """Give the covariance of candidates' means over the first n repetitions, by the images.

        It is None where the metric is no accuracy by image.
        """
        answers = [
            [self._answers_of(self.trials[candidate, repetition]) for candidate in candidates]
            for repetition in range(n)
        ]
        known = [[one for one in row if one is not None] for row in answers]
        if not candidates or len({len(one) for row in known for one in row}) != 1:
            return None
        if any(len(row) < len(candidates) for row in known):
            return None
        # Of splits of who knows how many images: as if all of them were validated on the same.
        n_images = self.plan.n_images if self.plan.splits_anew else None
        return image_covariance([np.stack(row) for row in known], n_images)

    @functools.cached_property
    def are_equal(self) -> bool:
        """Whether the first two repetitions of every candidate are equal in all they report.

        Then nothing in them is random, no seed reaches it, or what they report does not show it.
        """
        failed = self.failed
        places = [place for place in range(len(self.plan.candidates)) if place not in failed]
        pairs = [self.complete(place)[:2] for place in places]
        return bool(pairs) and all(len(pair) == 2 and self._are_equal(*pair) for pair in pairs)

    def _are_equal(self, first: Trial, second: Trial) -> bool:
        one, other = (self._answers.get(trial.number) for trial in (first, second))
        same_answers = one is None or other is None or np.array_equal(one, other)
        return first.metrics == second.metrics and same_answers

    def next(self) -> tuple[int, int] | None:
        """Choose the next candidate and repetition to run; None if there is none to begin."""
        if self.race.ending != "running" or self.are_equal:
            return None
        return next((key for key in self.missing() if key[0] in self.race.left), None)

    def missing(self) -> list[tuple[int, int]]:
        """List candidates and repetitions not begun yet, all candidates of a seed first."""
        return [
            (candidate, repetition)
            for repetition in range(self.plan.n_repetitions)
            for candidate in range(len(self.plan.candidates))
            if (candidate, repetition) not in self.trials
        ]

    def judged(self, candidate: int) -> list[Trial]:
        """List the trials of a candidate that the verdict is about, by repetition."""
        trials = self.complete(candidate)
        if candidate in self.race.beaten:
            return trials[: self.race.beaten[candidate].after]
        return trials[: self.race.n_judged] if candidate in self.race.left else trials

    def leader(self) -> int | None:
        """Name the candidate of the best mean; None without a verdict, or of several metrics."""
        standing = self.race.standing
        if not self.tied():
            return None
        return self.race.left[standing.leader if standing else 0]

    def tied(self) -> list[int]:
        """Name the candidates that cannot be told from the leader; none without a verdict.

        There is no verdict on one seed, on equal repetitions, or where these are too few to tell
        anybody from anybody.
        """
        race, standing = self.race, self.race.standing
        if race.n_judged < 2 or self.are_equal:
            return []
        if standing is None:
            return race.left if len(race.left) == 1 else []
        if not race.beaten and not standing.can_tell:
            return []
        return [c for c, is_tied in zip(race.left, standing.tied(), strict=True) if is_tied]

    def front(self) -> list[int]:
        """Name the candidates that no other one dominates, by several metrics; see `undominated`.

        There are none without a verdict.
        """
        race, main = self.race, self.study.spec.metric.name
        if race.n_judged < 2 or len(race.left) < 2 or self.are_equal:
            return race.left if race.n_judged > 1 and len(race.left) == 1 else []
        names = list(self.study.directions)
        values = [self.values(name)[: race.n_judged, race.left] for name in names]
        of_main = self.covariance(race.n_judged, race.left)
        covariances = [of_main if name == main else None for name in names]
        on_front = undominated(values, covariances)
        return [c for c, is_on_it in zip(race.left, on_front, strict=True) if is_on_it]

    def finalists(self) -> list[int]:
        """Name what a verdict is of, the tied candidates or the front, and the default."""
        chosen = self.front() if len(self.study.directions) > 1 else self.tied()
        default = [place for place, c in enumerate(self.plan.candidates) if c.is_default]
        return list(dict.fromkeys([*(chosen or self.race.left), *default]))

    def recommended(self) -> int | None:
        """Choose the cheapest of those near the leader, by weights or the mean of their seconds.

        Near is what is tied with it and within one standard error: of all that are tied, the
        cheapest one would too often be a worse one. What saves less than a tenth is not cheaper.
        Without a verdict, and of several metrics, there is none.
        """
        leader, race = self.leader(), self.race
        if leader is None or len(self.study.directions) > 1:
            return None
        near = race.standing.close() if race.standing else [True]
        typical = {
            place: self._typical(place)
            for place, is_near in zip(race.left, near, strict=True)
            if is_near
        }
        found = cheapest(list(typical.values())).number
        return found if saves(typical[found], typical[leader]) else leader

    def _typical(self, place: int) -> Trial:
        """Give a trial of a candidate with its place as number and the mean of its seconds."""
        trials = self.judged(place)
        seconds = fmean(trial.seconds or 0.0 for trial in trials)
        return replace(trials[0], number=place, seconds=seconds)

    def why_over(self) -> str:
        """Say why there is no repetition to begin."""
        if self.are_equal:
            return "all repetitions of a candidate are equal"
        if len(self.failed) == len(self.plan.candidates):
            return "every candidate has failed"
        n_seeds = counted(self.plan.n_repetitions, "seed")
        return _ENDINGS.get(self.race.ending, f"every candidate left has had its {n_seeds}")

    def _answers_of(self, trial: Trial) -> Answers | None:
        answers = self._answers.get(trial.number)
        known = answers is not None and is_accuracy(self.study, trial, answers)
        return answers if known else None


def _n_whole(values: Numbers) -> int:
    """Count the first repetitions that all candidates have had."""
    return next((n for n, row in enumerate(values) if np.isnan(row).any()), len(values))


def recommended_trial(study: StudyReader) -> int | None:
    """Name the trial of a study that its confirmation recommends; None if nothing does."""
    confirmation = open_confirmation(study)
    found = None if confirmation in (None, study) else Repetitions.of(confirmation)
    place = found.recommended() if found else None
    return None if found is None or place is None else found.plan.candidates[place].trial
