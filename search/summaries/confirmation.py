"""What a confirmation has shown: which candidate to take, and how sure that is."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from optuna.study import StudyDirection
from typing_extensions import TypedDict

from search.statistics.repeated import Race, Standing, mean_reach
from search.studies.confirmation import Candidate
from search.studies.reader import StudyReader
from search.studies.repetitions import Repetitions
from search.studies.trials import Trial


class TestedFacts(TypedDict):
    """A test metric over the repetitions: mean, standard deviation (None of one), and how many."""

    mean: float
    deviation: float | None
    n_seeds: int


class CandidateFacts(TypedDict):
    """A candidate of a confirmation, by the study's first metric.

    `trial` is None where no trial of the study tried it, `said` what the study says of it.
    `low` and `high` bound the mean (95 %), `behind_low` and `behind_high` how far it is behind the
    leader, all candidates together (95 %); they are None where it has too few repetitions, or
    nothing to compare it with.
    `dropped_after` is the number of repetitions of one that was beaten, `failure` why one failed.
    `metrics` holds the means of all metrics of a study of several.
    """

    trial: int | None
    default: bool
    params: dict[str, object]
    values: list[float]
    mean: float | None
    low: float | None
    high: float | None
    p_best: float | None
    behind: float | None
    behind_low: float | None
    behind_high: float | None
    tied: bool
    dropped_after: int | None
    failure: str | None
    seconds: float | None
    n_parameters: float | int | None
    said: float | None
    optimism: float | None
    test_accuracy: TestedFacts | None
    metrics: dict[str, float | None]


class GainFacts(TypedDict):
    """How far the recommended candidate is ahead of the default, with its 95 % interval."""

    value: float
    low: float
    high: float


class ConfirmationFacts(TypedDict):
    """What a confirmation has shown; `candidates` come best first.

    `n_seeds` is how many repetitions all candidates left have had, and `ending` why no more
    follow; it is empty as long as some do. `leader`, `tied`, `recommended` and `default` name
    candidates by the number of their trial, or as `default` where they have none. Without a
    verdict `leader` and `recommended` are None; of several metrics `tied` is the Pareto front,
    and nothing is recommended. `has_images` says whether the images are counted as a sample, too.
    """

    study: str
    confirms: str
    metric: str
    metrics: dict[str, str]
    n_seeds: int
    n_wanted: int
    new_splits: bool
    has_images: bool
    ending: str
    candidates: list[CandidateFacts]
    leader: str | None
    tied: list[str]
    recommended: str | None
    default: str | None
    gain: GainFacts | None


def confirmation_facts(study: StudyReader) -> ConfirmationFacts | None:
    """Gather what a confirmation has shown; None of a study that confirms no other one."""
    found = Repetitions.of(study)
    if found is None:
        return None
    race, candidates = found.race, found.plan.candidates
    several = len(study.directions) > 1
    tied = found.front() if several else found.tied()
    leader = found.leader()
    recommended = found.recommended()
    default = next((place for place, one in enumerate(candidates) if one.is_default), None)
    names = [name_of(one) for one in candidates]
    facts = [_candidate_facts(found, race, place, tied) for place in range(len(candidates))]
    places = sorted(range(len(candidates)), key=lambda place: _order(found, facts[place]))
    return {
        "study": study.name,
        "confirms": found.plan.study,
        "metric": study.spec.metric.name,
        "metrics": {name: of.name.lower() for name, of in study.directions.items()},
        "n_seeds": race.n_judged,
        "n_wanted": found.plan.n_repetitions,
        "new_splits": found.plan.splits_anew,
        "has_images": not several and found.covariance(race.n_judged, race.left) is not None,
        "ending": found.why_over() if found.next() is None else "",
        "candidates": [facts[place] for place in places],
        "leader": None if leader is None else names[leader],
        "tied": [names[place] for place in places if place in tied],
        "recommended": None if recommended is None else names[recommended],
        "default": None if default is None else names[default],
        "gain": _gain(race, recommended, default),
    }


def name_of(candidate: Candidate) -> str:
    """Name a candidate by the trial of the study that tried it."""
    return "default" if candidate.trial is None else str(candidate.trial)


def _candidate_facts(
    found: Repetitions, race: Race, place: int, tied: Sequence[int]
) -> CandidateFacts:
    candidate, trials = found.plan.candidates[place], found.judged(place)
    values = [trial.value for trial in trials if trial.value is not None]
    mean = fmean(values) if values else None
    covariance = found.covariance(len(trials), [place])
    variance = 0.0 if covariance is None else float(covariance[0, 0])
    low, high = _interval(values, variance, is_share=covariance is not None)
    behind = _behind(race, place)
    failed = found.failed.get(place)
    flip = -1.0 if found.study.direction == StudyDirection.MINIMIZE else 1.0
    said = candidate.said
    optimism = None if said is None or mean is None else flip * (said - mean)
    return {
        "trial": candidate.trial,
        "default": candidate.is_default,
        "params": dict(candidate.params),
        "values": values,
        "mean": mean,
        "low": low,
        "high": high,
        "p_best": _p_best(race, place),
        "behind": behind[0] if behind else None,
        "behind_low": behind[0] - behind[1] if behind else None,
        "behind_high": behind[0] + behind[1] if behind else None,
        "tied": place in tied,
        "dropped_after": race.beaten[place].after if place in race.beaten else None,
        "failure": failed.reason if failed else None,
        "seconds": _mean([trial.seconds for trial in trials]),
        "n_parameters": trials[0].metrics.get("n_parameters") if trials else None,
        "said": said,
        "optimism": optimism,
        "test_accuracy": _tested(trials),
        "metrics": {
            name: _mean([trial.metrics.get(name) for trial in trials])
            for name in found.study.directions
        },
    }


def _interval(
    values: Sequence[float], variance: float, *, is_share: bool
) -> tuple[float | None, float | None]:
    if len(values) < 2:
        return None, None
    mean, reach = fmean(values), mean_reach(values, variance)
    low, high = mean - reach, mean + reach
    return (max(low, 0.0), min(high, 1.0)) if is_share else (low, high)


def _stood(race: Race, place: int) -> tuple[Standing, list[int]] | None:
    """Give the last standing that a candidate was in, and who else; None if there was none."""
    if place in race.beaten:
        return race.beaten[place].standing, race.beaten[place].left
    if race.standing is None or place not in race.left:
        return None
    return race.standing, race.left


def _lead(race: Race, first: int, second: int) -> tuple[float, float] | None:
    """Tell how far one candidate was ahead of another when both were last in the race.

    The second one may have left it earlier. Given are the lead and the reach of that.
    """
    stood = _stood(race, second)
    if stood is None or first not in stood[1] or not stood[0].can_tell:
        return None
    standing, left = stood
    one, other = left.index(first), left.index(second)
    lead = float(standing.means[one] - standing.means[other])
    return lead, float(standing.reach()[one, other])


def _behind(race: Race, place: int) -> tuple[float, float] | None:
    """Tell how far a candidate was behind the leader then, and the reach of that."""
    stood = _stood(race, place)
    return None if stood is None else _lead(race, stood[1][stood[0].leader], place)


def _p_best(race: Race, place: int) -> float | None:
    stood = _stood(race, place)
    return None if stood is None else float(stood[0].p_best[stood[1].index(place)])


def _gain(race: Race, recommended: int | None, default: int | None) -> GainFacts | None:
    """Compare the recommended candidate with the default, as they stood when both were there."""
    if recommended is None or default is None or recommended == default:
        return None
    lead = _lead(race, recommended, default)
    if lead is None:
        return None
    value, reach = lead
    return {"value": value, "low": value - reach, "high": value + reach}


def _tested(trials: Sequence[Trial]) -> TestedFacts | None:
    found = [t.test.metrics["accuracy"] for t in trials if t.test and "accuracy" in t.test.metrics]
    values = [float(value) for value in found if value is not None]
    if not values:
        return None
    deviation = stdev(values) if len(values) > 1 else None
    return {"mean": fmean(values), "deviation": deviation, "n_seeds": len(values)}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _order(found: Repetitions, facts: CandidateFacts) -> tuple[bool, float]:
    """Sort the best first, and what has failed last."""
    maximized = found.study.direction == StudyDirection.MAXIMIZE
    mean = math.inf if facts["mean"] is None else facts["mean"] * (-1 if maximized else 1)
    return facts["failure"] is not None, mean


def shown_name(one: CandidateFacts) -> str:
    """Name a candidate as the facts do: by its trial, or as `default`."""
    return "default" if one["trial"] is None else str(one["trial"])
