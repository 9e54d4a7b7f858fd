"""A search before it runs, for people: its parameters, size, sample points, budget, classes."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.objective.contract import ClassCounts
from search.spaces.parameters import CategoricalParameter, Parameter, wanted_values
from search.spaces.sampling import sample_points
from search.spaces.space import Space
from search.spaces.spec import Spec
from search.text import format_duration, new_table, value_text

_MOST_CLASSES = 20
"""Classes up to which each has a row of its own."""


def space_view(spec: Spec) -> RenderableType:
    """Describe a search before it runs: parameters, size, sample points, budget.

    Args:
        spec: A valid search.

    Returns:
        Something rich can print.
    """
    space = Space.of(spec)
    table = new_table()
    points = sample_points(space, 3, spec.sampler.seed)
    for column in ["parameter", "type", "values", "exists", "sample 1", "sample 2", "sample 3"]:
        table.add_column(column)
    for name, parameter in space.parameters.items():
        samples = [value_text(point[name]) if name in point else "–" for point in points]
        table.add_row(
            name, parameter.type, range_text(parameter), _condition_text(parameter), *samples
        )
    lines = [
        f"study       {spec.study}",
        f"objective   {spec.objective}",
        metrics_line([f"{m.name}, {m.direction}" for m in spec.metrics])
        + f", {spec.metric.reduce} epoch",
        f"size        {_size_text(space)}",
        f"budget      {_budget_text(spec)}",
        f"sampler     {spec.sampler.name}, seed {spec.sampler.seed}",
        f"pruner      {spec.pruner.name}"
        + (f", from epoch {spec.pruner.min_epochs}" if spec.pruner.name != "none" else ""),
        f"keep        {_keep_text(spec)}",
    ]
    lines += [f"constraint  {text}" for text in spec.constraints]
    if spec.start_from:
        lines.append(f"start from  {len(spec.start_from)} given points")
    return Group(Text("\n".join(lines)), table)


def _keep_text(spec: Spec) -> str:
    """Say whose checkpoints stay, as only these trials can be evaluated."""
    if spec.keep == "none":
        return "no checkpoint: no trial can be evaluated"
    which = "every trial" if spec.keep == "all" else f"the best {spec.keep} trials"
    return f"the best epoch of {which}, to evaluate, predict and export (keep)"


def class_table(counts: ClassCounts) -> RenderableType:
    """Lay out how many images there are of each class.

    Args:
        counts: Images by class and split.

    Returns:
        Something rich can print; of many classes only the range.
    """
    splits = list(next(iter(counts.values()), {}))
    totals = {split: sum(count[split] for count in counts.values()) for split in splits}
    if len(counts) > _MOST_CLASSES:
        ranges = [
            _range_of(split, [count[split] for count in counts.values()]) for split in splits
        ]
        return Text(f"classes     {len(counts)}: {'; '.join(ranges)}")
    table = new_table()
    table.add_column("class")
    for split in splits:
        table.add_column(f"{split} images", justify="right")
        table.add_column("share", justify="right")
    for name, count in {**counts, "all": totals}.items():
        cells = [(count[split], totals[split]) for split in splits]
        shares = [(f"{n:,}", f"{n / total:.1%}" if total else "–") for n, total in cells]
        table.add_row(name, *[cell for pair in shares for cell in pair])
    return table


def notes_view(notes: Sequence[str]) -> RenderableType:
    """Lay out what an objective tells of its images.

    Args:
        notes: At least one, of one or several lines each.

    Returns:
        Something rich can print.
    """
    grid = Table.grid(padding=(0, 0))
    grid.add_column(width=12)
    grid.add_column(overflow="fold")
    for note in notes:
        grid.add_row("note", Text(note))
    return grid


def _range_of(split: str, counts: Sequence[int]) -> str:
    return f"{sum(counts):,} {split} images, {min(counts):,} to {max(counts):,} of each"


def metrics_line(metrics: Sequence[str]) -> str:
    """Write the line of a view that names the metrics.

    Args:
        metrics: Each in a few words.

    Returns:
        The line.
    """
    heading = "metric" if len(metrics) == 1 else "metrics"
    return f"{heading:<11} {'; '.join(metrics)}"


def range_text(parameter: Parameter) -> str:
    """Write the values of a parameter in short.

    Args:
        parameter: The parameter.

    Returns:
        Its choices, or its range with log and step.
    """
    if isinstance(parameter, CategoricalParameter):
        return ", ".join(value_text(choice) for choice in parameter.choices)
    text = f"{parameter.low:g} to {parameter.high:g}"
    if parameter.log:
        text += ", log"
    return text + (f", step {parameter.step:g}" if parameter.step not in (None, 1) else "")


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
    limit = 100_000
    size = space.size(limit)
    if space.measured_constraints:
        return f"up to {size:,} points, fewer by measured constraints"
    return f"{limit:,} points or more" if size == limit else f"{size:,} points"


def _budget_text(spec: Spec) -> str:
    budget = spec.budget
    parts = [f"{budget.trials} trials"] if budget.trials else []
    parts += [format_duration(budget.time)] if budget.time else []
    epochs = f", up to {spec.epochs} epochs each" if spec.epochs else ""
    return " or ".join(parts) + epochs
