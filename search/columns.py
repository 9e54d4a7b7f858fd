"""The columns of tables of trials and of epochs, and the names that metrics must leave to them."""

VALUE_SE = "value_se"
TIED = "tied_with_best"
COLUMNS = [
    *("rank", "trial", "state", "value", "best_epoch", "n_epochs", "seconds", "seed", "space"),
    *(VALUE_SE, TIED),
]
"""Of every trial. `rank` counts COMPLETE trials from 1; `value` is the study's (first) metric at
`best_epoch`; `space` is the version of the space that the trial ran in; `value_se` is the standard
error of `value`, and `tied_with_best` whether the trial cannot be told from the best one (see
`search.studies.lead`)."""
FRONT = "front"
"""The Pareto front that a COMPLETE trial lies on, from 1; only where there are several metrics."""
CONFIRMS = "confirms"
"""Of a confirmation only: the trial that is repeated; None for a default that no trial tried."""
REPETITION = "repetition"
"""Of a confirmation only: with which of its seeds, from 1."""
REASON = "reason"
"""Why a trial ended, the last column."""
NOTE = "note"
"""What a user noted of a trial; only where any has a note."""
PARAMETER_PREFIX = "params_"
"""Begins the column of a parameter."""
TEST_PREFIX = "test_"
"""Begins the column of a metric of the test split."""
TEST_METRICS = ("loss", "accuracy", "f1", "auroc")
"""What is computed of each split, in the order of tables."""
EPOCH, SECONDS = "epoch", "seconds"
"""Of every epoch of a trial: its number, and the time it took."""

_TAKEN = {
    *(*COLUMNS, FRONT, CONFIRMS, REPETITION, REASON, NOTE, EPOCH, SECONDS),
    *(TEST_PREFIX + name for name in TEST_METRICS),
}
_LONGEST = 200


def metric_name_problem(name: str) -> str | None:
    """Say why a metric cannot have a name.

    A metric is a column under its own name: it must not take the place of another one, nor break
    the line it stands in. One rule holds wherever a metric is named: in a space file, in what an
    objective declares, and in what it reports.

    Args:
        name: The name.

    Returns:
        What must hold; None if it does.

    Example:
        >>> metric_name_problem("val_accuracy")
        >>> metric_name_problem("epoch")
        "a metric must not be named as another column of tables, got 'epoch'; 'own_epoch' would do"
    """
    if name in _TAKEN or name.startswith(PARAMETER_PREFIX):
        text = "a metric must not be named as another column of tables"
        return f"{text}, got {name!r:.80}; {f'own_{name}'!r:.80} would do"
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST:
        return (
            f"a metric's name must be one line of 1 to {_LONGEST} characters that print, got "
            f"{name!r:.80}"
        )
    return None
