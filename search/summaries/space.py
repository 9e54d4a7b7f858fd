"""A search before it runs: its parameters, size, sample points, budget, images by class."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from search.errors import Mistake, SearchError
from search.objective.contract import ClassCounts
from search.objective.loading import COMMAND, extend_import_path
from search.objective.probing import describe
from search.spaces.parameters import CategoricalParameter, Parameter, wanted_values
from search.spaces.sampling import sample_points
from search.spaces.space import MAX_LISTED, Params, Space
from search.spaces.space_file import plain_data
from search.spaces.spec import Spec
from search.studies.database import shown_url
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.evaluation import SHOWN_SPLITS
from search.summaries.layout import Grid, Part
from search.summaries.study import metrics_field
from search.summaries.trial import OBJECTIVE_NOT_ASKED
from search.text import bound_text, counted, format_duration, number_text, percent, value_text

_MOST_CLASSES = 20
"""Classes up to which each has a row of its own."""
_N_SAMPLES = 3


class TriedFacts(TypedDict):
    """What one epoch of one point has shown: `set_up_s` before the first epoch, `epoch_s` in it.

    `abilities` are sentences on what the objective can do besides training.
    """

    params: Params
    metrics: dict[str, float | int | None]
    set_up_s: float
    epoch_s: float
    abilities: list[str]


class MistakeFacts(TypedDict):
    """One mistake: what must hold, in which file or option, at which line, column and key.

    `line` and `column` count from 1 and are None where there is no file, as of `--set`.
    """

    text: str
    where: str
    line: int | None
    column: int | None
    key: str


class CheckFacts(TypedDict):
    """What is found of a space file.

    `space` is the search as it would run, every default filled in (see `search schema`), and
    None where there are `problems`. `n_points` is None for a continuous space or one of more
    than 100,000 points. `classes` counts images by class and split, where the objective can;
    `notes` say what is odd of them, `problem` why no trial can run yet, and `tried` what one
    epoch has shown, if one was run.
    """

    valid: bool
    problems: list[MistakeFacts]
    space: dict[str, Any] | None
    n_points: int | None
    classes: dict[str, dict[str, int]] | None
    notes: list[str]
    problem: str
    tried: TriedFacts | None


def wrong_space_facts(mistakes: Sequence[Mistake]) -> CheckFacts:
    """Tell of a space file that does not hold."""
    return {
        "valid": False,
        "problems": [
            {
                "text": one.text,
                "where": one.where,
                "line": one.line,
                "column": one.column,
                "key": one.key,
            }
            for one in mistakes
        ],
        "space": None,
        "n_points": None,
        "classes": None,
        "notes": [],
        "problem": "",
        "tried": None,
    }


def space_facts(spec: Spec) -> CheckFacts:
    """Tell of a valid search what it is; what its objective tells comes on top."""
    space = Space.of(spec)
    return {
        **wrong_space_facts([]),
        "valid": True,
        "space": {**plain_data(spec), "storage": shown_url(spec.storage)},
        "n_points": space.size(),
    }


def space_part(spec: Spec) -> Part:
    """Describe a valid search: parameters, size, sample points, budget."""
    space = Space.of(spec)
    samples = sample_points(space, _N_SAMPLES, spec.sampler.seed)
    columns = ["parameter", "type", "values", "exists"]
    columns += [f"sample {n}" for n in range(1, len(samples) + 1)]
    rows = [
        [
            name,
            parameter.type,
            range_text(parameter),
            _condition_text(parameter),
            *[value_text(point[name]) if name in point else "–" for point in samples],
        ]
        for name, parameter in space.parameters.items()
    ]
    return Part("", [], Grid(columns, rows, columns), _fields(spec, space))


def _fields(spec: Spec, space: Space) -> list[tuple[str, str]]:
    name, metrics = metrics_field(spec)
    pruner = spec.pruner.name
    if pruner != "none":
        pruner += f", from epoch {spec.pruner.min_epochs}"
    fields = [
        ("study", spec.study),
        ("objective", spec.objective),
        *([("command", spec.settings["command"])] if spec.objective == COMMAND else []),
        (name, f"{metrics}, {spec.metric.reduce} epoch"),
        ("size", _size_text(space)),
        ("budget", _budget_text(spec)),
        ("sampler", f"{spec.sampler.name}, seed {spec.sampler.seed}"),
        ("pruner", pruner),
        ("keep", _keep_text(spec)),
        *[("constraint", text) for text in spec.constraints],
    ]
    points = len(spec.start_from)
    return [*fields, ("start from", counted(points, "given point"))] if points else fields


def range_text(parameter: Parameter) -> str:
    """Write the values of a parameter in short: its choices, or its range with log and step."""
    if isinstance(parameter, CategoricalParameter):
        return ", ".join(value_text(choice) for choice in parameter.choices)
    text = f"{bound_text(parameter.low)} to {bound_text(parameter.high)}"
    if parameter.log:
        text += ", log"
    has_step = parameter.step is not None and parameter.step != 1
    return text + (f", step {bound_text(parameter.step or 1)}" if has_step else "")


def _condition_text(parameter: Parameter) -> str:
    if not parameter.when:
        return "always"
    return "if " + " and ".join(
        f"{name} is {' or '.join(map(value_text, wanted_values(wanted)))}"
        for name, wanted in parameter.when.items()
    )


def _size_text(space: Space) -> str:
    continuous = space.continuous()
    if continuous:
        return f"continuous ({', '.join(continuous)})"
    size = space.size()
    if size is None:
        bound = " before constraints" if space.constraints else ""
        return f"more than {counted(MAX_LISTED, 'point')}{bound}"
    if space.measured_constraints:
        return f"up to {counted(size, 'point')}, fewer with measured constraints"
    return counted(size, "point")


def _budget_text(spec: Spec) -> str:
    budget = spec.budget
    parts = [counted(budget.trials, "trial")] if budget.trials else []
    parts += [format_duration(budget.time)] if budget.time else []
    epochs = f", up to {counted(spec.epochs, 'epoch')} each" if spec.epochs else ""
    return " or ".join(parts) + epochs


def _keep_text(spec: Spec) -> str:
    """Say whose checkpoints stay, as only these trials can be evaluated."""
    if spec.keep == "none":
        return "no checkpoint: no trial can be evaluated"
    which = "every trial" if spec.keep == "all" else f"the best {counted(spec.keep, 'trial')}"
    return f"the best epoch of {which}, to evaluate, predict and export (keep)"


def class_part(counts: ClassCounts) -> Part:
    """Lay out how many images there are of each class; of many classes only the range."""
    splits = list(next(iter(counts.values()), {}))
    if len(counts) > _MOST_CLASSES:
        ranges = [_range_of(split, [of[split] for of in counts.values()]) for split in splits]
        return Part(fields=[("classes", f"{len(counts)}: {'; '.join(ranges)}")])
    totals = _totals(counts.values(), splits)
    columns = [text for split in splits for text in (f"{split} images", "share")]
    rows = []
    for name, of in {**counts, "all": totals}.items():
        cells = [
            text
            for split in splits
            for text in (number_text(of[split]), percent(_share(of[split], totals[split])))
        ]
        rows.append([name, *cells])
    return Part("", [], Grid(["class", *columns], rows, ["class"]))


def _totals(counts: Iterable[Mapping[str, int]], splits: Sequence[str]) -> dict[str, int]:
    found = list(counts)
    return {split: sum(of.get(split, 0) for of in found) for split in splits}


def _share(n: int, total: int) -> float | None:
    return n / total if total else None


def _range_of(split: str, counts: Sequence[int]) -> str:
    least, most = number_text(min(counts)), number_text(max(counts))
    return f"{number_text(sum(counts))} {split} images, {least} to {most} of each"


def notes_part(notes: Sequence[str]) -> Part:
    """Lay out what an objective tells of its images, notes of one or several lines each."""
    return Part(fields=[("note", note) for note in notes])


def classes_part(study: StudyReader, trial: Trial | None, ask: bool = True) -> Part:
    """Count the images of each class and split, without reading the test split.

    Args:
        study: The study.
        trial: A trial that has been evaluated, which knows of the test split; None if none.
        ask: Whether the objective may be imported and asked.

    Returns:
        A row a class; what cannot be had becomes a sentence.
    """
    tested = _test_support(trial)
    counts: ClassCounts | None = None
    lines: list[str] = []
    if not ask:
        lines.append(OBJECTIVE_NOT_ASKED)
    else:
        try:
            extend_import_path(study.import_folders)
            counts = describe(study.spec.objective, study.spec.settings).class_counts()
        except SearchError as error:
            lines.append(f"train and validation split cannot be counted here: {error}")
        else:
            if counts is None:
                lines.append(f"{study.spec.objective} does not describe its class_counts")
    if not tested and not any("test" in of for of in (counts or {}).values()):
        lines.insert(0, "the test split is counted once a trial has been evaluated")
    return Part("Images by class", lines, _classes_grid(counts or {}, tested))


def _classes_grid(counts: ClassCounts, tested: Mapping[str, int]) -> Grid | None:
    told = {split for of_class in counts.values() for split in of_class}
    told |= {"test"} if tested else set()
    splits = [split for split in SHOWN_SPLITS if split in told] + sorted(told - set(SHOWN_SPLITS))
    every = {
        name: {**counts.get(name, {}), **({"test": tested[name]} if name in tested else {})}
        for name in dict.fromkeys([*counts, *tested])
    }
    if not every:
        return None
    rows = [[name, *(number_text(of.get(s)) for s in splits)] for name, of in every.items()]
    totals = [number_text(n) for n in _totals(every.values(), splits).values()]
    return Grid(["class", *splits], [*rows, ["all", *totals]], ["class"], bold=[len(rows)])


def _test_support(trial: Trial | None) -> dict[str, int]:
    """Count the test images by class, as the evaluation did."""
    if trial is None or trial.test is None:
        return {}
    columns = trial.test.per_class
    return dict(zip(columns["class"], columns["support"], strict=True))
