"""The head of the screen: how far the study is, in words and as a bar."""

from rich.text import Text
from textual.widget import Widget

from search.progress.screen.charts import FAINT
from search.progress.screen.study_view import StudyView
from search.progress.screen.table import STATE_STYLES
from search.progress.standing import fold_parts
from search.text import plain_text


class Head(Widget):
    """Name, trials by state, best value, time left; what the session is about to do.

    Args:
        view: The study.
    """

    def __init__(self, view: StudyView) -> None:
        super().__init__(id="head")
        self._view = view
        self.note = ""

    def render(self) -> Text:
        """See textual."""
        width = self.size.width
        name, *parts = self._parts()
        lines = [plain_text(line) for line in fold_parts([name, *parts], width)]
        lines[0].stylize("bold", 0, len(name))
        note = [plain_text(self.note, "bold reverse")] if self.note else []
        return plain_text("\n").join([*lines, *note, self._bar(width)])

    def _parts(self) -> list[str]:
        view = self._view
        parts = view.standing.headline()
        if view.n_waiting:
            parts.insert(2, f"{view.n_waiting} queued")
        if view.driver is None:
            return [*parts[:-2], "not running"]  # without speed and time
        return parts

    def _bar(self, width: int) -> Text:
        """Show the trials by state as parts of those that are wanted."""
        standing = self._view.standing
        counts = {**standing.counts, "RUNNING": len(standing.running)}
        wanted = max(self._view.spec.budget.trials or 0, sum(counts.values()), 1)
        bar, seen = Text(), 0
        for state, count in counts.items():
            before, seen = round(seen / wanted * width), seen + count
            bar.append("━" * (round(seen / wanted * width) - before), STATE_STYLES[state])
        return bar.append("─" * (width - len(bar)), FAINT)
