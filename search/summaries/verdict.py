"""What a confirmation has shown, in words and a table."""

from collections.abc import Sequence

from search.statistics.repeated import seeds_needed
from search.summaries.confirmation import (
    CandidateFacts,
    ConfirmationFacts,
    TestedFacts,
    shown_name,
)
from search.summaries.layout import Grid, Part, heading
from search.text import counted, difference_texts, listing, number_text, tenths, two_digits


def confirmation_part(facts: ConfirmationFacts) -> Part:
    """Say what a confirmation has shown, and lay out its candidates."""
    sentences = [*_verdict(facts), *_failures(facts), *_conditions(facts)]
    return Part(f"Confirmation of {facts['confirms']}", sentences, _candidates_grid(facts))


def _candidates_grid(facts: ConfirmationFacts) -> Grid:
    candidates = facts["candidates"]
    several = len(facts["metrics"]) > 1
    rows = [_row(facts, one, "front" if several else "tied") for one in candidates]
    columns = [name for name in rows[0] if any(row[name] != "–" for row in rows)]
    names = [shown_name(one) for one in candidates]
    return Grid(
        columns,
        [[row[name] for name in columns] for row in rows],
        left=["tied", "front"],
        bold=[place for place, name in enumerate(names) if name == facts["recommended"]],
    )


def _row(facts: ConfirmationFacts, one: CandidateFacts, tied: str) -> dict[str, str]:
    others = [name for name in facts["metrics"] if name != facts["metric"]]
    return {
        "trial": f"{shown_name(one)}*" if one["default"] else shown_name(one),
        tied: _tied_text(one) if facts["tied"] or one["failure"] else "–",
        heading(facts["metric"]): number_text(one["mean"]),
        "interval": _span(one["low"], one["high"]),
        **{heading(name): number_text(one["metrics"][name]) for name in others},
        "P(best)": _chance(one["p_best"]),
        "behind by": _behind_text(one),
        "seeds": str(len(one["values"])),
        "seconds": tenths(one["seconds"]),
        "weights": number_text(one["n_parameters"]),
        "search said": number_text(one["said"]),
        "test accuracy": _tested_text(one["test_accuracy"]),
    }


def _tied_text(one: CandidateFacts) -> str:
    if one["failure"]:
        return "failed"
    if one["dropped_after"]:
        return "dropped"
    return "yes" if one["tied"] else "no"


def _span(low: float | None, high: float | None) -> str:
    return f"{number_text(low)} … {number_text(high)}" if low is not None else "–"


def _behind_text(one: CandidateFacts) -> str:
    low, high = one["behind_low"], one["behind_high"]
    if not one["behind"] or low is None or high is None:
        return "–"
    texts = difference_texts(one["behind"], low, high)
    by, low_text, high_text = (text.removeprefix("+") for text in texts)
    return f"{by} ({low_text} … {high_text})"


def _chance(share: float | None) -> str:
    if share is None:
        return "–"
    return "< 1%" if share < 0.01 else f"{share:.0%}"


def _tested_text(facts: TestedFacts | None) -> str:
    if facts is None:
        return "–"
    spread = "" if facts["deviation"] is None else f" (sd {two_digits(facts['deviation'])})"
    return f"{number_text(facts['mean'])}{spread}"


def _verdict(facts: ConfirmationFacts) -> list[str]:
    """Say which candidate to take and why, or why that cannot be said."""
    if not facts["tied"]:
        return [f"no verdict: {_why_none(facts)}"]
    seeds = counted(facts["n_seeds"], "seed")
    if len(facts["metrics"]) > 1:
        return [f"on the Pareto front after {seeds}: {_trials(facts['tied'])}"]
    return [_recommendation(facts, seeds), *_gain_sentence(facts), *_optimism_sentence(facts)]


def _why_none(facts: ConfirmationFacts) -> str:
    n = facts["n_seeds"]
    n_sound = sum(not one["failure"] for one in facts["candidates"])
    if not n_sound:
        return "every candidate has failed with a new seed"
    if n > 1 and facts["ending"] and n < facts["n_wanted"]:
        return facts["ending"]
    needed = seeds_needed(n_sound)
    who = "the candidate" if n_sound == 1 else f"{n_sound} candidates"
    return f"{who} must have had {needed} seeds each, got {n}"


def _recommendation(facts: ConfirmationFacts, seeds: str) -> str:
    name = facts["recommended"]
    recommended = next(one for one in facts["candidates"] if shown_name(one) == name)
    take = f"take {_trial(name)}"
    others = [one for one in facts["candidates"] if shown_name(one) != name]
    if not others:
        return f"{take}: it is the only candidate, there was nothing to compare it with"
    if all(one["failure"] for one in others):
        return f"{take}: it is the only candidate left, the others have failed"
    if len(facts["tied"]) == 1:
        return f"{take}: after {seeds} it is better than every other candidate"
    told = f" ({_cost(recommended)})" if _cost(recommended) else ""
    tied = f"{_trials(facts['tied'])} cannot be told apart after {seeds}"
    if name == facts["leader"]:
        return f"{take}: {tied}; it leads, and none near it is cheaper{told}"
    leader = next(one for one in facts["candidates"] if shown_name(one) == facts["leader"])
    of_leader = f" ({_cost(leader)})" if _cost(leader) else ""
    near = f"the cheapest{told} near the leader, {_trial(facts['leader'])}{of_leader}"
    return f"{take}: {tied}; it is {near}"


def _cost(one: CandidateFacts) -> str:
    costs = [f"{tenths(one['seconds'])} s"] if one["seconds"] is not None else []
    if one["n_parameters"] is not None:
        costs.append(f"{number_text(one['n_parameters'])} weights")
    return ", ".join(costs)


def _gain_sentence(facts: ConfirmationFacts) -> list[str]:
    default, gain = facts["default"], facts["gain"]
    if default is None:
        return []
    marked = f"{_trial(default)}, marked *, is the default"
    if default == facts["recommended"]:
        return [f"{marked}: nothing found is shown to be better"]
    if gain is None:
        return []
    by, low, high = difference_texts(gain["value"], gain["low"], gain["high"])
    shown = "" if gain["low"] > 0 else ": no difference shown"
    return [f"{marked}: the gain over it is {by} (95 % interval {low} to {high}){shown}"]


def _optimism_sentence(facts: ConfirmationFacts) -> list[str]:
    """Say how much too good the best of the candidates looked in the search."""
    known = [one for one in facts["candidates"] if one["said"] is not None]
    maximized = facts["metrics"][facts["metric"]] == "maximize"
    one = max(known, key=lambda one: (one["said"] or 0.0) * (1 if maximized else -1), default=None)
    if one is None or one["optimism"] is None:
        return []
    by = abs(one["optimism"])
    way = "too good" if one["optimism"] > 0 else "too bad"
    told = f"{two_digits(by)} {way}" if by else "what it is"
    return [
        f"the search said {number_text(one['said'])} of trial {one['trial']}, which is {told}: "
        f"its mean is {number_text(one['mean'])}"
    ]


def _failures(facts: ConfirmationFacts) -> list[str]:
    failed = [one for one in facts["candidates"] if one["failure"]]
    return [
        f"{_trial(shown_name(one))} failed with a new seed: {one['failure']}" for one in failed
    ]


def _conditions(facts: ConfirmationFacts) -> list[str]:
    """Say what changed from seed to seed, and why there were no more."""
    drawn = "each seed draws weights, order and augmentation anew"
    if facts["new_splits"]:
        lines = [f"{drawn}, and the split of the images, the same for all candidates"]
    else:
        lines = [f"{drawn}; the validation images stay the same"]
    if not facts["has_images"] and facts["n_seeds"] > 1:
        lines.append("intervals tell of the seeds only, and not of how few the images are")
    lines.append("intervals hold in 95 % of cases, those of differences all at once")
    if facts["ending"]:
        early = facts["n_seeds"] < facts["n_wanted"]
        of = f" after {facts['n_seeds']} of {counted(facts['n_wanted'], 'seed')}" if early else ""
        lines.append(f"ended{of}: {facts['ending']}")
    return lines


def _trial(name: str | None) -> str:
    return "the default" if name == "default" else f"trial {name}"


def _trials(names: Sequence[str]) -> str:
    """Name candidates: `trials 1, 2 and the default`."""
    numbers = [name for name in names if name != "default"]
    word = "trial" if len(numbers) == 1 else "trials"
    told = [f"{word} {listing(numbers)}"] if numbers else []
    return " and ".join([*told, *(["the default"] if len(numbers) < len(names) else [])])
