"""What changes between the test metrics of two trials: recall by class, and confusions."""

import itertools
from collections.abc import Sequence

from optuna.study import StudyDirection
from typing_extensions import TypedDict

from search.studies.test_metrics import Evaluation
from search.studies.trials import is_better
from search.summaries.layout import LARGEST_MATRIX_SHOWN, Grid, Part
from search.text import number_text, signed, signed_percent

MOST_CONFUSIONS = 10
"""How many of the pairs of classes that are confused more or less often are listed."""

Matrix = list[list[int]]
"""Images by true class (rows) and predicted class (columns)."""


class Difference(TypedDict):
    """Two values, b less a, the same relative to a (None for an a of 0), and the better side."""

    a: float | None
    b: float | None
    difference: float | None
    relative: float | None
    better: str | None


# A field of it is a keyword of Python.
_Class = TypedDict("_Class", {"class": str, "support_a": int, "support_b": int})


class ClassChange(_Class, Difference):
    """The change of a class's recall, and the images of the class in both test splits."""


class ConfusionChange(Difference):
    """The change of how often a class is taken for another."""

    true: str
    predicted: str


class ConfusionFacts(TypedDict):
    """The change of a confusion matrix, of the images recognised and not, and of most pairs."""

    classes: list[str]
    difference: Matrix
    right: Difference
    wrong: Difference
    changes: list[ConfusionChange]


def difference(a: float | None, b: float | None, direction: StudyDirection | None) -> Difference:
    """Compare two values; neither is better where the direction is not known."""
    if a is None or b is None:
        return {"a": a, "b": b, "difference": None, "relative": None, "better": None}
    better = None
    if direction is not None and a != b:
        better = "b" if is_better(b, a, direction) else "a"
    relative = (b - a) / abs(a) if a else None
    return {"a": a, "b": b, "difference": b - a, "relative": relative, "better": better}


def change_cells(change: Difference) -> list[str]:
    """Write a difference: both sides, b less a, relative to a, and which is better."""
    return [
        number_text(change["a"]),
        number_text(change["b"]),
        signed(change["difference"]),
        signed_percent(change["relative"]),
        change["better"] or "",
    ]


def same_images(a: Evaluation, b: Evaluation) -> bool:
    """Tell whether two test splits have the same classes with as many images each."""
    return all(a.per_class[column] == b.per_class[column] for column in ("class", "support"))


def class_changes(a: Evaluation | None, b: Evaluation | None) -> list[ClassChange]:
    """Compare the recall of each class that both test splits have."""
    if a is None or b is None:
        return []
    first, second = (
        dict(zip(c["class"], zip(c["recall"], c["support"], strict=True), strict=True))
        for c in (a.per_class, b.per_class)
    )
    return [
        {
            "class": name,
            "support_a": first[name][1],
            "support_b": second[name][1],
            **difference(first[name][0], second[name][0], StudyDirection.MAXIMIZE),
        }
        for name in first
        if name in second
    ]


def confusion_changes(a: Evaluation | None, b: Evaluation | None) -> ConfusionFacts | None:
    """Subtract the confusion matrix of one trial from that of another.

    More on the diagonal, images recognised, is better; more beside it is worse. None if either
    trial has no matrix or they are of other images.
    """
    if not (a and b and a.confusion and b.confusion and same_images(a, b)):
        return None
    names = a.per_class["class"]
    rows = list(zip(a.confusion, b.confusion, strict=True))
    n_images = sum(map(sum, a.confusion))
    old, new = (_n_right(matrix) for matrix in (a.confusion, b.confusion))
    return {
        "classes": names,
        "difference": [[n - o for o, n in zip(*pair, strict=True)] for pair in rows],
        "right": difference(old, new, StudyDirection.MAXIMIZE),
        "wrong": difference(n_images - old, n_images - new, StudyDirection.MINIMIZE),
        "changes": _largest(names, a.confusion, b.confusion),
    }


def _n_right(matrix: Matrix) -> int:
    return sum(row[place] for place, row in enumerate(matrix))


def _largest(names: list[str], a: Matrix, b: Matrix) -> list[ConfusionChange]:
    """List the pairs of classes that are taken for each other more or less often."""
    cells: list[ConfusionChange] = [
        {
            "true": names[row],
            "predicted": names[column],
            **difference(a[row][column], b[row][column], StudyDirection.MINIMIZE),
        }
        for row, column in itertools.permutations(range(len(names)), 2)
    ]
    changed = [cell for cell in cells if cell["difference"]]
    return sorted(changed, key=lambda cell: -abs(cell["difference"] or 0))[:MOST_CONFUSIONS]


def class_changes_part(classes: Sequence[ClassChange], sides: Sequence[str]) -> Part | None:
    """Lay out the changes of recall; None if there is none to compare."""
    if not classes:
        return None
    rows = [[row["class"], _support(row), *change_cells(row)] for row in classes]
    columns = ["class", "images", *sides, "difference", "relative", "better"]
    return Part("Recall by class, test split", [], Grid(columns, rows, ["class", "better"]))


def _support(row: ClassChange) -> str:
    a, b = number_text(row["support_a"]), number_text(row["support_b"])
    return a if a == b else f"{a} / {b}"


def confusion_parts(confusion: ConfusionFacts | None) -> list[Part]:
    """Lay out the change of a confusion matrix and the pairs of classes that changed most."""
    if confusion is None:
        return []
    right, wrong = (signed(c["difference"]) for c in (confusion["right"], confusion["wrong"]))
    lines = [
        "b minus a; rows are true classes, columns predicted ones",
        "more on the diagonal is better, more off it is worse",
        f"correctly classified images: {right}, misclassified: {wrong}",
    ]
    classes, grid = confusion["classes"], None
    if len(classes) <= LARGEST_MATRIX_SHOWN:
        rows = [
            [name, *(signed(change) if change else "·" for change in changes)]
            for name, changes in zip(classes, confusion["difference"], strict=True)
        ]
        grid = Grid(["true", *classes], rows, ["true"])
    else:
        lines.append(f"the difference of {len(classes)} classes is in the output of --json")
    parts = [Part("Confusions, test split", lines, grid)]
    if confusion["changes"]:
        parts.append(_changes_part(confusion["changes"]))
    return parts


def _changes_part(changes: Sequence[ConfusionChange]) -> Part:
    rows = []
    for change in changes:
        a, b, less, _, better = change_cells(change)
        rows.append([change["true"], change["predicted"], a, b, less, better])
    columns = ["true", "predicted", "a", "b", "difference", "better"]
    left = ["true", "predicted", "better"]
    return Part("Confusions that changed most", [], Grid(columns, rows, left))
