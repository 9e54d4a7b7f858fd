"""Whether two trials differ at all, by their answers on the same validation images."""

from typing import TypedDict

from search.statistics.paired import Answers, compare_answers
from search.studies.lead import data_of, is_accuracy
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.text import counted, signed

Side = tuple[StudyReader, Trial]
"""A trial and its study."""


class PairedFacts(TypedDict):
    """The difference of two accuracies, b less a, with its 95 % interval and McNemar's p-value.

    `shown` says whether there is a difference at the level of 5 %.
    """

    n_images: int
    difference: float
    low: float
    high: float
    p_value: float
    shown: bool


def paired_facts(a: Side, b: Side) -> PairedFacts | str:
    """Compare two trials image by image, or say in a clause why that cannot be done."""
    answers = [study.answers().get(trial.number) for study, trial in (a, b)]
    first, second = answers
    if first is None or second is None:
        lacking = [side for side, given in zip("ab", answers, strict=True) if given is None]
        return f"no per-image answers of {' and '.join(lacking)}"
    for side, (study, trial), given in zip("ab", (a, b), (first, second), strict=True):
        if not is_accuracy(study, trial, given):
            return f"{study.spec.metric.name} of {side} is not the share of images that are right"
    if len(first) != len(second) or data_of(a[0], a[1].space_version) != data_of(
        b[0], b[1].space_version
    ):
        return "the validation images are not the same"
    return _compared(first, second)


def _compared(first: Answers, second: Answers) -> PairedFacts:
    found = compare_answers(second, first)
    return {
        "n_images": len(first),
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "shown": found.is_shown,
    }


def paired_sentence(facts: PairedFacts, metric: str) -> str:
    """Put the difference of two trials into words."""
    p_value = facts["p_value"]
    chance = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    better = "b is better" if facts["difference"] > 0 else "a is better"
    verdict = better if facts["shown"] else "no difference shown"
    return (
        f"{metric} on the same {counted(facts['n_images'], 'image')}: "
        f"{signed(facts['difference'])} (95 % interval {signed(facts['low'])} to "
        f"{signed(facts['high'])}, {chance}): {verdict}"
    )
