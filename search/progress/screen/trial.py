"""The pane of the chosen trial: its curve, its parameters, and what it failed by."""

from collections.abc import Sequence

from rich.text import Text

from search.progress.screen.charts import FAINT, Series, axis_of, draw
from search.progress.screen.panes import Pane
from search.progress.screen.study_view import StudyView
from search.progress.screen.table import STATE_STYLES
from search.progress.standing import fold_parts
from search.studies.trials import Trial
from search.text import number_text, plain_text, printable, tenths, value_text

_LOWEST_CHART = 5
"""A chart of fewer lines tells nothing."""


class TrialPane(Pane):
    """The chosen trial.

    Args:
        view: The study.
    """

    def __init__(self, view: StudyView) -> None:
        super().__init__(view, "trial")

    def drawn(self, width: int, height: int) -> Text:
        """See `Pane`: the words first, the chart in what is left of the place."""
        trial = self.view.trial
        if trial is None:
            return plain_text(" no trial is chosen")
        note = [plain_text(trial.note, "bold")] if trial.note else []
        above = [_summary(trial), *_folded(_params(trial), width), *note]
        below = self._failure(trial, max(height - len(above) - _LOWEST_CHART, 3))
        n_free = height - len(above) - len(below)
        chart = self._chart(trial, (width, n_free)) if n_free >= _LOWEST_CHART else []
        return plain_text("\n").join([*above, *chart, *below][:height])

    def titles(self) -> tuple[str, str]:
        """See `Pane`."""
        trial = self.view.trial
        if trial is None:
            return "trial", ""
        other = self._other(trial)
        faint = f", faint: the best, {other.number}" if other else ""
        return f"trial {trial.number}", f"{printable(self.view.metric)} by epoch{faint}"

    def _other(self, trial: Trial) -> Trial | None:
        """Give the best trial, to be compared with, if it is another one."""
        best = self.view.best
        return best if best and best.number != trial.number else None

    def _chart(self, trial: Trial, size: tuple[int, int]) -> list[Text]:
        curve = self.view.curve(trial)
        if not curve:
            return []
        best = self._other(trial)
        other = self.view.curve(best) if best else []
        series = [Series(other, FAINT, is_line=True), Series(curve, "cyan bold", is_line=True)]
        epochs, values = zip(*curve, *other, strict=True)
        x, y = axis_of(epochs), axis_of(values, number_text)
        return list(draw(series, x, y, size).split("\n"))

    def _failure(self, trial: Trial, n_lines: int) -> list[Text]:
        if not trial.reason:
            return []
        style = "red" if trial.state == "FAIL" else ""
        reason = plain_text(" ".join(trial.reason.split()), style)
        lines = self.view.error_lines(trial) if trial.state == "FAIL" else []
        n_shown = max(n_lines - 1, 0)
        return [reason, *map(Text, lines[-n_shown:] if n_shown else [])]


def _summary(trial: Trial) -> Text:
    at = f" at epoch {trial.best_epoch} of {trial.n_epochs}" if trial.best_epoch else ""
    seconds = f", {tenths(trial.seconds)} s" if trial.seconds is not None else ""
    rest = f" {number_text(trial.value)}{at}{seconds}, seed {trial.seed}"
    return Text.assemble((trial.state, f"{STATE_STYLES.get(trial.state, '')} bold"), rest)


def _params(trial: Trial) -> list[str]:
    params = {**trial.params}
    if trial.candidate is not None:
        params = {"candidate": trial.candidate, "repetition": trial.repetition, **params}
    return [printable(f"{name} {value_text(value)}") for name, value in params.items()]


def _folded(parts: Sequence[str], width: int) -> list[Text]:
    return [plain_text(line) for line in fold_parts(parts, width)]
