"""What must hold of the other sections of a space file: sampler, pruner, settings, budget."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from search.objective.loading import objective_problem
from search.spaces.parameters import Parameter
from search.spaces.pruners import PRUNERS, pruner_problems
from search.spaces.samplers import SAMPLERS, sampler_problems
from search.spaces.sections import Problem, Sections, unknown, valid_values
from search.spaces.space import Space, distribution, holds_value
from search.spaces.spec import TRACKERS, BudgetSpec, MetricSpec, PrunerSpec, SamplerSpec
from search.text import listing, shown


def section_problems(sections: Sections) -> Iterator[Problem]:
    """Check what is not about parameters alone.

    Args:
        sections: What of the file is well-formed.

    Yields:
        Each mistake.
    """
    sampler, pruner = sections.valid.get("sampler"), sections.valid.get("pruner")
    if isinstance(sampler, SamplerSpec):
        yield from _sampler_problems(sampler, sections)
    if isinstance(pruner, PrunerSpec):
        yield from _pruner_problems(pruner, sections)
    yield from _settings_problems(sections)
    yield from _metric_problems(sections.valid.get("metrics", []))
    yield from _tracker_problems(sections.valid.get("trackers", []))
    budget = sections.valid.get("budget")
    if isinstance(budget, BudgetSpec) and budget.trials is None and budget.time is None:
        yield Problem(("budget",), "trials, time or both must be given")
    objective = sections.valid.get("objective")
    problem = objective_problem(objective) if objective is not None else None
    if problem:
        yield Problem(("objective",), problem)


def _sampler_problems(sampler: SamplerSpec, sections: Sections) -> Iterator[Problem]:
    if sampler.name not in SAMPLERS:
        yield Problem(("sampler", "name"), unknown("sampler", sampler.name, SAMPLERS))
        return
    types = SAMPLERS[sampler.name].options
    yield from _placed("sampler", sampler_problems(sampler.name, sampler.options), types)
    if not SAMPLERS[sampler.name].several and len(sections.valid.get("metrics", [])) > 1:
        able = listing(name for name, kind in SAMPLERS.items() if kind.several)
        text = f"{sampler.name} can search for one metric only; valid for several: {able}"
        yield Problem(("sampler", "name"), text)
    if SAMPLERS[sampler.name].build is None:
        yield from _listing_problems(sampler, sections)


def _placed(
    section: str, problems: Iterable[tuple[str, str]], options: Collection[str]
) -> Iterator[Problem]:
    """Place each problem at its option, or at the section if it is about all of them."""
    for option, text in problems:
        path = (section, option) if option else (section,)
        yield Problem(path, text, at_key=option not in options)


def _listing_problems(sampler: SamplerSpec, sections: Sections) -> Iterator[Problem]:
    """Check a sampler that needs a finite space."""
    values = sampler.options.get("values", {})
    if not isinstance(values, Mapping):
        text = f"a list of values per parameter must be given, got {shown(values)}"
        yield Problem(("sampler", "values"), text)
        return
    for name, points in values.items():
        yield from _value_problems(name, points, sections)
    known = {n: p.model_copy(update={"when": {}}) for n, p in sections.parameters.items()}
    continuous = [name for name in Space(known, []).continuous() if name not in values]
    if continuous and values.keys() <= set(sections.names):
        or_values = ", or its points under sampler.values" if sampler.name == "grid" else ""
        text = f"{sampler.name} needs a finite space; give each of these a step{or_values}: "
        yield Problem(("sampler", "name"), text + listing(continuous))


def _value_problems(name: str, points: object, sections: Sections) -> Iterator[Problem]:
    place = ("sampler", "values", name)
    if name not in sections.names:
        yield Problem(place, unknown("parameter", name, sections.names), at_key=True)
    elif not isinstance(points, list) or not points:
        yield Problem(place, f"a list of values must be given, got {shown(points)}")
    elif name in sections.parameters:
        parameter: Parameter = sections.parameters[name]
        for value in points:
            if not holds_value(distribution(parameter), value):
                text = f"{name} can never be {shown(value)}; {valid_values(parameter)}"
                yield Problem(place, text)


def _pruner_problems(pruner: PrunerSpec, sections: Sections) -> Iterator[Problem]:
    if pruner.name not in PRUNERS:
        yield Problem(("pruner", "name"), unknown("pruner", pruner.name, PRUNERS))
        return
    types = PRUNERS[pruner.name].options
    yield from _placed("pruner", pruner_problems(pruner.name, pruner.options), types)
    epochs = sections.valid.get("settings", {}).get("epochs")
    if pruner.name != "none" and isinstance(epochs, int) and pruner.min_epochs > epochs >= 1:
        got = f"min_epochs={pruner.min_epochs}, epochs={epochs}"
        text = f"min_epochs <= settings.epochs must hold, got {got}"
        yield Problem(("pruner", "min_epochs"), text)


def _metric_problems(metrics: Sequence[MetricSpec]) -> Iterator[Problem]:
    names = [metric.name for metric in metrics]
    for i, metric in enumerate(metrics):
        if metric.name in names[:i]:
            text = f"names must differ, got {metric.name!r} twice"
            yield Problem(("metrics", i, "name"), text)
        given = "reduce" in metric.model_fields_set
        if given and metric.reduce != metrics[0].reduce:
            text = (
                "reduce must be that of the first metric, which says for all which epoch of a "
                f"trial counts, got {metric.reduce}, {names[0]} has {metrics[0].reduce}"
            )
            yield Problem(("metrics", i, "reduce"), text)


def _tracker_problems(trackers: Sequence[str]) -> Iterator[Problem]:
    for i, name in enumerate(trackers):
        if name not in TRACKERS:
            yield Problem(("trackers", i), unknown("tracker", name, TRACKERS))
        elif name in trackers[:i]:
            yield Problem(("trackers", i), f"names must differ, got {name!r} twice")


def _settings_problems(sections: Sections) -> Iterator[Problem]:
    settings = sections.valid.get("settings", {})
    epochs = settings.get("epochs")
    if isinstance(epochs, int | float) and epochs < 1:
        yield Problem(("settings", "epochs"), f"epochs >= 1 must hold, got epochs={epochs}")
    for name in settings.keys() & set(sections.names):
        text = "a setting must not also be a parameter; give it in one of the two"
        yield Problem(("settings", name), text, at_key=True)
