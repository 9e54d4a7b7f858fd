"""What changes between the test figures of two trials: recall by class, and confusions."""

import itertools
from typing import Any

from optuna.study import StudyDirection

from search.studies.test_metrics import Evaluation
from search.studies.trials import is_better

MOST_CONFUSIONS = 10
"""So many of the pairs of classes that are confused more or less often are listed."""

Matrix = list[list[int]]
"""Images by true class (rows) and predicted class (columns)."""


def difference(
    a: float | None, b: float | None, direction: StudyDirection | None
) -> dict[str, Any]:
    """Compare two figures.

    Args:
        a: The first; None where there is none.
        b: The second; likewise.
        direction: Which way is better; None if neither is.

    Returns:
        Both, b less a, the same relative to a (None for an a of 0), and which one is better.
    """
    facts: dict[str, Any] = {"a": a, "b": b}
    if a is None or b is None:
        return {**facts, "difference": None, "relative": None, "better": None}
    better = None
    if direction is not None and a != b:
        better = "b" if is_better(b, a, direction) else "a"
    relative = (b - a) / abs(a) if a else None
    return {**facts, "difference": b - a, "relative": relative, "better": better}


def same_images(a: Evaluation, b: Evaluation) -> bool:
    """Tell whether two test splits look the same.

    Args:
        a: Evaluation of the first trial.
        b: Those of the second.

    Returns:
        True if they have the same classes with as many images each.
    """
    return all(a.per_class[column] == b.per_class[column] for column in ("class", "support"))


def class_changes(a: Evaluation | None, b: Evaluation | None) -> list[dict[str, Any]]:
    """Compare the recall of each class that both test splits have.

    Args:
        a: Evaluation of the first trial; None if it is not evaluated.
        b: Those of the second.

    Returns:
        For each class its name, its `support` in both, and the `difference` of its recalls.
    """
    if a is None or b is None:
        return []
    found = []
    columns = [figures.per_class for figures in (a, b)]
    by_class = [
        dict(zip(c["class"], zip(c["recall"], c["support"], strict=True), strict=True))
        for c in columns
    ]
    for name, (recall, support) in by_class[0].items():
        if name in by_class[1]:
            other, other_support = by_class[1][name]
            supports = {"support_a": support, "support_b": other_support}
            change = difference(recall, other, StudyDirection.MAXIMIZE)
            found.append({"class": name, **supports, **change})
    return found


def confusion_changes(a: Evaluation | None, b: Evaluation | None) -> dict[str, Any] | None:
    """Subtract the confusion matrix of one trial from that of another.

    More on the diagonal, images recognised, is better; more beside it is worse.

    Args:
        a: Evaluation of the first trial; None if it is not evaluated.
        b: Those of the second.

    Returns:
        The `classes`, the `difference` (rows are true classes), the images that are `right` and
        `wrong`, and the `changes` of pairs of classes, the largest first; None if either has no
        matrix or they are of other images.
    """
    if not (a and b and a.confusion and b.confusion and same_images(a, b)):
        return None
    names = a.per_class["class"]
    rows = list(zip(a.confusion, b.confusion, strict=True))
    changed = [[new - old for old, new in zip(*pair, strict=True)] for pair in rows]
    return {
        "classes": names,
        "difference": changed,
        "right": _right(a.confusion, b.confusion, wrong=False),
        "wrong": _right(a.confusion, b.confusion, wrong=True),
        "changes": _largest(names, a.confusion, b.confusion),
    }


def _right(a: Matrix, b: Matrix, wrong: bool) -> dict[str, Any]:
    """Compare how many images are recognised, or are not."""
    old, new = (sum(row[place] for place, row in enumerate(matrix)) for matrix in (a, b))
    if not wrong:
        return difference(old, new, StudyDirection.MAXIMIZE)
    n_images = sum(map(sum, a))
    return difference(n_images - old, n_images - new, StudyDirection.MINIMIZE)


def _largest(names: list[str], a: Matrix, b: Matrix) -> list[dict[str, Any]]:
    """List the pairs of classes that are taken for each other more or less often."""
    pairs = itertools.permutations(range(len(names)), 2)
    cells = [
        {
            "true": names[row],
            "predicted": names[column],
            **difference(a[row][column], b[row][column], StudyDirection.MINIMIZE),
        }
        for row, column in pairs
    ]
    changed = [cell for cell in cells if cell["difference"]]
    return sorted(changed, key=lambda cell: -abs(cell["difference"]))[:MOST_CONFUSIONS]
