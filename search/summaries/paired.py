"""Whether two trials differ at all, by what is known of the same validation images."""

from collections.abc import Sequence
from typing import Literal

from optuna.study import StudyDirection
from typing_extensions import TypedDict

from search.statistics.paired import ByImage, compare
from search.studies.lead import data_of, is_accuracy, metric_by_image, scores_of
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import counted, difference_texts

Side = tuple[StudyReader, Trial]
"""A trial and its study."""
_Pair = tuple[ByImage, ByImage]
"""What is known of the images of two trials, higher is better."""


class PairedFacts(TypedDict):
    """The difference of a metric, b less a, with its 95 % interval and p-value.

    They are of McNemar's test for an accuracy, else of a paired bootstrap. `shown` says whether
    there is a difference at the level of 5 %, and `better` which of the two is ahead then.
    """

    n_images: int
    difference: float
    low: float
    high: float
    p_value: float
    shown: bool
    better: Literal["a", "b"] | None


def paired_facts(a: Side, b: Side) -> PairedFacts | str:
    """Compare two trials image by image, or say in a clause why that cannot be done."""
    pair = _answers(a, b)
    if isinstance(pair, str) and metric_by_image(a[0]) and _metric(a[0]) == _metric(b[0]):
        pair = _scores(a, b)
    if isinstance(pair, str):
        return pair
    first, second = pair
    if len(first) != len(second) or _images(*a) != _images(*b):
        return "the validation images are not the same"
    return _compared(first, second, a[0].direction)


def _answers(a: Side, b: Side) -> _Pair | str:
    given = [study.answers().get(trial.number) for study, trial in (a, b)]
    first, second = given
    if first is None or second is None:
        return f"no per-image answers of {_lacking(given)}"
    for side, (study, trial), answers in zip("ab", (a, b), (first, second), strict=True):
        if not is_accuracy(study, trial, answers):
            return f"{study.spec.metric.name} of {side} is not the share of images that are right"
    return first, second


def _scores(a: Side, b: Side) -> _Pair | str:
    given = [scores_of(study, [trial]).get(trial.number) for study, trial in (a, b)]
    first, second = given
    if first is None or second is None:
        metric = a[0].spec.metric.name
        return f"no probabilities in a best.pt of {_lacking(given)} that give {metric}"
    return first, second


def _metric(study: StudyReader) -> tuple[str, StudyDirection]:
    return study.spec.metric.name, study.direction


def _lacking(given: Sequence[object | None]) -> str:
    return " and ".join(side for side, of in zip("ab", given, strict=True) if of is None)


def _images(study: StudyReader, trial: Trial) -> tuple[object, ...]:
    """Give what decides on which images a trial is validated."""
    return data_of(study, trial.space_version), trial.split_seed


def _compared(first: ByImage, second: ByImage, direction: StudyDirection) -> PairedFacts:
    rises = direction == StudyDirection.MAXIMIZE
    found = compare(second, first) if rises else compare(first, second)
    better: Literal["a", "b"] = "b" if (found.value > 0) == rises else "a"
    return {
        "n_images": len(first),
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "shown": found.is_shown,
        "better": better if found.is_shown else None,
    }


def paired_sentence(facts: PairedFacts, metric: str) -> str:
    """Put the difference of two trials into words."""
    p_value = facts["p_value"]
    chance = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    verdict = f"{facts['better']} is better" if facts["better"] else "no difference shown"
    by, low, high = difference_texts(facts["difference"], facts["low"], facts["high"])
    return (
        f"{metric} on the same {counted(facts['n_images'], 'image')}: "
        f"{by} (95 % interval {low} to {high}, {chance}): {verdict}"
    )
