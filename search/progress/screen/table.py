"""The table of trials: sorted, filtered, and drawn only as far as it is seen."""

from collections.abc import Sequence
from itertools import accumulate

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from search.progress.screen.rows import Column, arranged, columns_of
from search.progress.screen.study_view import StudyView
from search.studies.trials import Trial

STATE_STYLES = {
    "RUNNING": "cyan",
    "COMPLETE": "green",
    "PRUNED": "yellow",
    "FAIL": "red",
    "INTERRUPTED": "magenta",
}
_N_FIXED = 3
"""Columns that stay when the others are moved: trial, state, value."""
_N_HEADING = 2
_WIDEST = 20


class TrialsTable(Widget):
    """The trials of a study, of which one is chosen.

    Args:
        view: The study.
    """

    def __init__(self, view: StudyView) -> None:
        super().__init__(id="trials", classes="pane")
        self.border_title = "trials"
        self.filter = ""
        self._view = view
        self._sorted_by = "trial"
        self._turned = False
        self._n_moved = 0
        self._top = 0
        self._follows = True
        self._columns: list[Column] = []
        self._texts: dict[int, tuple[Trial, list[str]]] = {}
        self.reload()

    def reload(self) -> None:
        """Take over what the last look found."""
        columns = columns_of(self._view.spec, self._view.trials)
        if [column.name for column in columns] != [column.name for column in self._columns]:
            self._texts.clear()
        self._columns = columns
        self.rearrange()

    def rearrange(self) -> None:
        """Sort and filter; the newest trial is chosen until another one is."""
        names = [column.name for column in self._columns]
        self._sorted_by = self._sorted_by if self._sorted_by in names else names[0]
        by = self._columns[names.index(self._sorted_by)]
        trials = self._view.trials
        self._rows = arranged(trials, self._columns, by, turned=self._turned, words=self.filter)
        self._widths = self._measured()
        numbers = [trial.number for trial in self._rows]
        if self._rows and (self._follows or self._view.chosen not in numbers):
            self._view.chosen = numbers[0]
        self._show()

    def move(self, by: int) -> None:
        """Choose the trial so many rows below."""
        if self._rows:
            place = min(max(self._place() + by, 0), len(self._rows) - 1)
            self.choose(self._rows[place].number)

    def choose(self, number: int) -> None:
        """Choose a trial by its number."""
        self._follows = False
        self._view.chosen = number
        self._show()

    def page(self) -> int:
        """Count the rows that are seen."""
        return max(self.content_size.height - _N_HEADING, 1)

    def sort_next(self, by: int) -> None:
        """Sort by another column."""
        names = [column.name for column in self._columns]
        self._sorted_by = names[(names.index(self._sorted_by) + by) % len(names)]
        self._turned = False
        self.rearrange()

    def turn(self) -> None:
        """Turn the order round."""
        self._turned = not self._turned
        self.rearrange()

    def shift(self, by: int) -> None:
        """Move the columns that are not fixed to the left."""
        n_free = len(self._columns) - _N_FIXED
        self._n_moved = min(max(self._n_moved + by, 0), max(n_free - 1, 0))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """See textual: a heading of two lines, and a row for each trial below."""
        width = self.content_size.width
        if y < _N_HEADING:
            return self._heading(y).crop_extend(0, width, None)
        place = self._top + y - _N_HEADING
        if place >= len(self._rows):
            nothing = "" if self._rows or y != _N_HEADING + 1 else self._nothing()
            return Strip([Segment(nothing)]).crop_extend(0, width, None)
        return self._row(self._rows[place], width)

    def on_resize(self) -> None:
        """See textual: the chosen row stays in sight."""
        self._show()

    def _show(self) -> None:
        place, n_seen = self._place(), self.page()
        lowest = max(len(self._rows) - n_seen, 0)
        self._top = min(max(self._top, place - n_seen + 1), place, lowest)
        n_all = len(self._view.trials)
        shown = f"{place + 1} of {len(self._rows)}" if self._rows else ""
        filtered = f"{self.filter!r}: {len(self._rows)} of {n_all}" if self.filter else ""
        self.border_subtitle = filtered or shown
        is_more = self.content_size.width and len(self._seen()) < len(self._columns)
        self.border_title = "trials, ← → for more columns" if is_more else "trials"
        self.refresh()

    def _place(self) -> int:
        numbers = [trial.number for trial in self._rows]
        return numbers.index(self._view.chosen) if self._view.chosen in numbers else 0

    def _nothing(self) -> str:
        return " no trial fits the filter" if self._view.trials else " no trial has begun yet"

    def _seen(self) -> list[int]:
        """Choose the columns that are seen, by their places: those that fit as a whole."""
        places = list(range(len(self._columns)))
        places = places[:_N_FIXED] + places[_N_FIXED + self._n_moved :]
        ends = accumulate(self._widths[place] + 1 for place in places)
        width = self.content_size.width + 1
        return [place for place, end in zip(places, ends, strict=True) if end <= width]

    def _measured(self) -> list[int]:
        """Measure the columns, for headings and cells."""
        headings = [_heading_lines(column.name) for column in self._columns]
        widths = [max(map(cell_len, words)) for words in headings]
        for trial in self._rows:
            widths = list(map(max, widths, map(len, self._cells(trial))))
        return [min(width, _WIDEST) for width in widths]

    def _cells(self, trial: Trial) -> list[str]:
        """Write the cells of a trial, once as long as it stays as it is."""
        known, texts = self._texts.get(trial.number, (None, []))
        if known is not trial:
            texts = [column.cell(trial) for column in self._columns]
            self._texts[trial.number] = trial, texts
        return texts

    def _heading(self, line: int) -> Strip:
        segments: list[Segment] = []
        for place in self._seen():
            column, width = self._columns[place], self._widths[place]
            text = _heading_lines(column.name)[line]
            segments += _cell(text, width, column.is_number, Style(bold=True))
            if column.name == self._sorted_by and line == 1:
                segments[-1] = Segment("▼" if column.descends != self._turned else "▲")
        return Strip(segments)

    def _row(self, trial: Trial, width: int) -> Strip:
        best = self._view.best
        is_best = best is not None and best.number == trial.number
        segments: list[Segment] = []
        for place in self._seen():
            column = self._columns[place]
            color = STATE_STYLES.get(trial.state) if column.name == "state" else None
            style = Style(color=color, bold=is_best)
            text = self._cells(trial)[place]
            segments += _cell(text, self._widths[place], column.is_number, style)
        strip = Strip(segments).crop_extend(0, width, None)
        is_chosen = trial.number == self._view.chosen
        return strip.apply_style(Style(reverse=True)) if is_chosen else strip

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """See textual: as wide as there is place."""
        return container.width


def _heading_lines(name: str) -> tuple[str, str]:
    """Part a long name at the underscore nearest to its middle.

    Args:
        name: The name of a column.

    Returns:
        Both lines of its heading, the first one empty if the name is not parted.

    Example:
        >>> _heading_lines("learning_rate"), _heading_lines("epoch")
        (('learning', 'rate'), ('', 'epoch'))
    """
    places = [place for place, letter in enumerate(name) if letter == "_"]
    if not places or len(name) < 8:
        return "", name
    middle = min(places, key=lambda place: abs(place - len(name) / 2))
    return name[:middle], name[middle + 1 :]


def _cell(text: str, width: int, is_number: bool, style: Style) -> Sequence[Segment]:
    """Write a text into a column, cut where it is too long, with a blank after it."""
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1) + "…"
    blanks = " " * (width - cell_len(text))
    filled = blanks + text if is_number else text + blanks
    return [Segment(filled, style), Segment(" ")]
