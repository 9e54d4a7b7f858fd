"""The pane of the best so far: the value of each trial, and the line that they rise to."""

from collections.abc import Iterator

from rich.text import Text

from search.progress.screen.charts import FAINT, Series, axis_of, draw, value_axis
from search.progress.screen.panes import Pane
from search.progress.screen.study_view import StudyView
from search.studies.trials import Trial, is_better
from search.text import plain_text


class HistoryPane(Pane):
    """The best so far.

    Args:
        view: The study.
    """

    def __init__(self, view: StudyView) -> None:
        super().__init__(view, "best")

    def titles(self) -> tuple[str, str]:
        """See `Pane`."""
        return "best so far", ""

    def drawn(self, width: int, height: int) -> Text:
        """See `Pane`."""
        trials = [trial for trial in self.view.trials if trial.value is not None]
        if not trials:
            return plain_text(" no trial has a value yet")
        others = [_point(trial) for trial in trials if trial.state != "COMPLETE"]
        complete = [trial for trial in trials if trial.state == "COMPLETE"]
        line = list(self._best_so_far(complete))
        series = [
            Series(others, FAINT),
            Series([_point(trial) for trial in complete], "green"),
            Series(line, "cyan bold", is_line=True),
        ]
        x = axis_of([0, self.view.trials[-1].number])
        y = value_axis([point[1] for point in [*map(_point, trials), *line]])
        return draw(series, x, y, (width, height))

    def _best_so_far(self, trials: list[Trial]) -> Iterator[tuple[float, float]]:
        """Walk along the steps of the best value, to the newest trial."""
        best: float | None = None
        for trial in trials:
            value = trial.value
            assert value is not None
            if is_better(value, best, self.view.study.direction):
                if best is not None:
                    yield trial.number, best
                best = value
                yield trial.number, best
        if best is not None:
            yield self.view.trials[-1].number, best


def _point(trial: Trial) -> tuple[float, float]:
    assert trial.value is not None
    return trial.number, trial.value
