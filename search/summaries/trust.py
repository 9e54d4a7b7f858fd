"""What the lead of a study's best trial is worth, in sentences."""

from collections.abc import Sequence

import numpy as np
from typing_extensions import TypedDict

from search.statistics.paired import images_needed
from search.statistics.selection import optimism_of_best
from search.studies.lead import Lead, cheapest
from search.studies.trials import Trial
from search.summaries.layout import Part
from search.text import counted, number_text, tenths, two_digits

_N_NAMED = 8
"""How many trials a sentence names; of more, the first ones and how many others."""


class CheapFacts(TypedDict):
    """The cheapest of the trials that cannot be told apart."""

    trial: int
    seconds: float | None
    n_parameters: float | int | None


class TrustFacts(TypedDict):
    """What is told of the best trial by the `n_images` that trials are compared on.

    `n_compared` of `n_complete` trials have answers on them, or probabilities in a `best.pt`.
    `tied` names those that cannot be told from the best, itself included. `optimism` is None where
    the best is alone, and `images_needed` where there is no `runner_up`, or one that is told from
    it, or its equal.
    """

    best: int
    value: float | None
    value_se: float
    n_images: int
    by_answers: bool
    n_compared: int
    n_complete: int
    tied: list[int]
    cheapest: CheapFacts
    optimism: float | None
    runner_up: int | None
    images_needed: int | None


def trust_facts(lead: Lead, trials: Sequence[Trial]) -> TrustFacts | None:
    """Tell how far the best of a study's trials can be trusted; None where nothing tells."""
    if not lead.compared:
        return None
    best, *others = lead.compared
    runner_up = others[0] if others else None
    by_number = {trial.number: trial for trial in trials}
    cheap = cheapest([by_number[number] for number in lead.tied])
    return {
        "best": best,
        "value": by_number[best].value,
        "value_se": lead.errors[best],
        "n_images": lead.n_images,
        "by_answers": lead.by_answers,
        "n_compared": len(lead.compared),
        "n_complete": sum(trial.state == "COMPLETE" for trial in trials),
        "tied": lead.tied,
        "cheapest": {
            "trial": cheap.number,
            "seconds": cheap.seconds,
            "n_parameters": cheap.metrics.get("n_parameters"),
        },
        "optimism": optimism_of_best(np.stack(list(lead.compared.values()))) if others else None,
        "runner_up": runner_up,
        "images_needed": images_needed(lead.compared[best], lead.compared[runner_up])
        if runner_up in lead.tied
        else None,
    }


def trust_part(facts: TrustFacts | None, metric: str) -> Part | None:
    """Put into words what the best trial's lead is worth."""
    if facts is None:
        return None
    n_images = counted(facts["n_images"], "image")
    value = f"{metric} {number_text(facts['value'])} ±{two_digits(facts['value_se'])}"
    lines = [f"{value} (standard error on {n_images})"]
    if facts["n_compared"] > 1:
        lines += [_ties_sentence(facts), *_runner_up_sentences(facts), *_luck_sentences(facts)]
    lacking = facts["n_complete"] - facts["n_compared"]
    if lacking:
        what = "these images" if facts["by_answers"] else "their probabilities in a best.pt"
        lines.append(f"not compared: {counted(lacking, 'complete trial')} without {what}")
    return Part(f"What the lead of trial {facts['best']} is worth", lines)


def ties_note(lead: Lead) -> str | None:
    """Name the trials that cannot be told apart; None where there are no two."""
    if len(lead.tied) < 2:
        return None
    return f"{_trials(lead.tied)} cannot be told apart on {counted(lead.n_images, 'image')}"


def _trials(numbers: Sequence[int]) -> str:
    named = f"trials {', '.join(map(str, numbers[:_N_NAMED]))}"
    others = len(numbers) - _N_NAMED
    return f"{named} and {counted(others, 'other')}" if others > 0 else named


def _ties_sentence(facts: TrustFacts) -> str:
    n_images, cheap = counted(facts["n_images"], "image"), facts["cheapest"]
    if len(facts["tied"]) == 1:
        others = facts["n_compared"] - 1
        every = f"each of the {others:,} others" if others > 1 else "the other one"
        return f"trial {facts['best']} is better than {every}, as {n_images} show"
    costs = [f"{tenths(cheap['seconds'])} s"] if cheap["seconds"] is not None else []
    if cheap["n_parameters"] is not None:
        costs.append(f"{number_text(cheap['n_parameters'])} weights")
    told = f" ({', '.join(costs)})" if costs else ""
    return (
        f"{_trials(facts['tied'])} cannot be told apart on {n_images}; "
        f"the cheapest of them is {cheap['trial']}{told}"
    )


def _runner_up_sentences(facts: TrustFacts) -> list[str]:
    best, runner_up, needed = facts["best"], facts["runner_up"], facts["images_needed"]
    if runner_up not in facts["tied"]:
        return []
    if needed is None:
        return [f"trials {best} and {runner_up} have the same value"]
    # With fewer than there are, the two were told apart if they were not two of many.
    enough = needed <= facts["n_images"]
    about = f"{float(f'{needed:.2g}'):,.0f}"
    told = f"about {about} images would be needed to tell trial {best} from trial {runner_up}"
    return [] if enough else [told]


def _luck_sentences(facts: TrustFacts) -> list[str]:
    if facts["optimism"] is None:
        return []
    return [
        f"the best of {facts['n_compared']:,} is also a lucky one: its value is expected to be "
        f"{two_digits(facts['optimism'])} too good"
    ]
