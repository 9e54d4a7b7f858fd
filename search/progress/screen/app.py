"""The screen itself: which panes there are, what keys do, and when the study is looked at."""

import asyncio
import json
import re
import shlex
from collections.abc import Callable, Coroutine
from typing import Literal

from optuna.exceptions import StorageInternalError
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from search.errors import SearchError
from search.progress.screen.header import Head
from search.progress.screen.history import HistoryPane
from search.progress.screen.keys import bindings, foot, help_text
from search.progress.screen.panes import Pane
from search.progress.screen.parameter import ParameterPane
from search.progress.screen.prompt import Prompt
from search.progress.screen.study_view import Actions, StudyView
from search.progress.screen.table import TrialsTable
from search.progress.screen.trial import TrialPane
from search.progress.screen.workers import WorkersPane
from search.studies.trials import Trial
from search.text import plain_text, printable

Left = Literal["ended", "left", "interrupted"]
"""How the screen was left: with the session, by `q`, by Ctrl-C."""

_WIDE = 110
"""From so many columns on, all panes are shown side by side."""
_MEASURES_S = 5.0
"""How often processes are measured: to list them takes a hundredth of a second and more."""
_SAYS_S = 10.0
"""For how long the answer to a key is shown."""


class StudyScreen(App[Left]):
    """A study on the whole terminal.

    Args:
        view: The study.
        actions: What keys do to it.
        interval_s: Seconds between two looks.
        interrupt: What Ctrl-C does; None to leave the screen.
    """

    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = ""
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings()  # type: ignore[assignment]  # textual takes any sequence of them

    def __init__(
        self,
        view: StudyView,
        actions: Actions,
        interval_s: float,
        interrupt: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self._view = view
        self._actions = actions
        self._interval_s = interval_s
        self._interrupt = interrupt
        self._follows = view.driver is not None
        self._alone: str | None = None
        self._said = ""
        self._table = TrialsTable(view)
        self._workers_pane = WorkersPane(view)
        self._parameter = ParameterPane(view)

    def compose(self) -> ComposeResult:
        """See textual."""
        yield Head(self._view)
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self._table
                yield self._workers_pane
            with Vertical(id="right"):
                yield TrialPane(self._view)
                with Horizontal(id="charts"):
                    yield HistoryPane(self._view)
                    yield self._parameter
        yield Static(id="help", markup=False)
        yield Static(id="said", markup=False)
        yield Prompt()
        yield Static(id="foot", markup=False)

    def on_mount(self) -> None:
        """See textual."""
        self.query_one("#help").display = False
        self.query_one("#said").display = False
        self.set_interval(self._interval_s, self._look)
        self.set_interval(_MEASURES_S, self._measure)
        self.set_timer(0.1, self._measure)
        self._lay_out()

    def on_resize(self, event: Resize) -> None:
        """See textual."""
        self._lay_out()

    def note(self, text: str) -> None:
        """Show what the session is about to do."""
        head = self.query_one(Head)
        head.note = printable(text)
        head.refresh(layout=True)

    def say(self, text: str) -> None:
        """Show for a while what came of a key."""
        said = self.query_one("#said", Static)
        said.update(plain_text(text))
        said.display = True
        self._said = text
        self.set_timer(_SAYS_S, lambda: self._unsay(text))

    def _unsay(self, text: str) -> None:
        if self._said == text:
            self.query_one("#said").display = False

    def _look(self) -> None:
        """Read what is new; the session that was followed may have ended."""
        try:
            has_changed = self._view.look()
        except (OSError, StorageInternalError) as error:
            self.say(f"the study cannot be read: {error}")
            return
        if self._follows and self._view.driver is None:
            self.exit("ended")
            return
        self._redraw(all_of_it=has_changed)

    def _redraw(self, *, all_of_it: bool) -> None:
        self.query_one(Head).refresh(layout=True)
        if all_of_it:
            self._table.reload()
            self._redraw_panes()

    def _redraw_panes(self) -> None:
        for pane in self.query(Pane):
            pane.redraw()

    def _measure(self) -> None:
        async def measure() -> None:
            await asyncio.to_thread(self._workers_pane.measure)
            self._fit_workers()
            self._workers_pane.redraw()

        if self._workers_pane.display:
            self._beside(measure, "measure")

    def _fit_workers(self) -> None:
        """Give the workers the lines that they need, up to a third of the screen."""
        n_lines = min(self._workers_pane.n_lines(), self.size.height // 3)
        self._workers_pane.styles.height = "1fr" if self._alone else max(n_lines, 5)

    def _lay_out(self) -> None:
        """Show all panes where there is place for them, else one of them."""
        panes: list[Widget] = [self._table, *self.query(Pane)]
        if self._alone is None and self.size.width < _WIDE:
            self._alone = "trials"
        for pane in panes:
            pane.display = self._alone in {None, pane.id}
            pane.set_class(self._alone is not None, "alone")
        for name in ("charts", "left", "right"):
            box = self.query_one(f"#{name}")
            box.display = any(child.display for child in box.children)
        self.query_one("#foot", Static).update(foot(self.size.width))
        self._fit_workers()
        self._measure()

    def action_pane(self, by: int) -> None:
        """Show another pane alone, or all of them where there is place."""
        names: list[str | None] = ["trials", "trial", "best", "parameter", "workers"]
        if self.size.width >= _WIDE:
            names.insert(0, None)
        self._alone = names[(names.index(self._alone) + by) % len(names)]
        self._lay_out()

    def action_move(self, by: int) -> None:
        """Choose a trial above or below."""
        self._table.move(by)
        self._redraw_panes()

    def action_page(self, by: int) -> None:
        """Choose a trial a page above or below."""
        self.action_move(by * self._table.page())

    def action_best(self) -> None:
        """Choose the best trial."""
        if self._view.best:
            self._table.choose(self._view.best.number)
            self._redraw_panes()

    def action_sort(self, by: int) -> None:
        """Sort by another column."""
        self._table.sort_next(by)

    def action_turn(self) -> None:
        """Turn the order of the trials round."""
        self._table.turn()

    def action_shift(self, by: int) -> None:
        """Move the columns."""
        self._table.shift(by)

    def action_metric(self) -> None:
        """Draw another metric of the chosen trial."""
        names = self._view.metrics()
        place = names.index(self._view.metric) if self._view.metric in names else -1
        self._view.metric = names[(place + 1) % len(names)]
        self._redraw_panes()

    def action_parameter(self, by: int) -> None:
        """Draw the value over another parameter."""
        self._parameter.choose_next(by)

    def action_filter(self) -> None:
        """Ask for words that trials must fit."""
        self.query_one(Prompt).ask("show", self._table.filter, self._filter, self._filter)

    def action_failed(self) -> None:
        """Show failed trials only, or all."""
        self._filter("" if self._table.filter == "state=fail" else "state=fail")

    def _filter(self, words: str) -> None:
        self._table.filter = words.strip()
        self._table.rearrange()
        self._redraw_panes()

    def action_help(self) -> None:
        """Show what every key does, or the panes again."""
        page, body = self.query_one("#help", Static), self.query_one("#body")
        ctrl_c = "leave the screen" if self._interrupt is None else "end the session, as ever"
        page.update(help_text(ctrl_c))
        page.display, body.display = not page.display, page.display

    def action_stop(self) -> None:
        """Ask whether to end the session."""
        keys = {
            "y": lambda: self._act(lambda: self._actions.stop(False)),
            "a": lambda: self._act(lambda: self._actions.stop(True)),
        }
        self.query_one(Prompt).ask_key(
            "stop? y: after the running epochs, a: at once, n: no", keys
        )

    def action_pause(self) -> None:
        """Let the session rest, or go on."""
        self._act(self._actions.pause)

    def action_note(self) -> None:
        """Ask for a note on the chosen trial."""
        trial = self._view.trial
        if trial is None:
            return
        number = trial.number

        def note(text: str) -> None:
            self._act(lambda: self._actions.note(number, text))

        self.query_one(Prompt).ask(f"note on trial {number}:", trial.note, note)

    def action_stop_trial(self) -> None:
        """Ask whether to end the chosen trial."""
        trial = self._view.trial
        if trial is None or trial.has_ended:
            self.say("a running trial must be chosen")
            return
        number = trial.number
        keys = {"y": lambda: self._act(lambda: self._actions.stop_trial(number))}
        self.query_one(Prompt).ask_key(f"end trial {number}? y or n:", keys)

    def action_enqueue(self) -> None:
        """Ask for a point, the chosen trial's to begin with."""
        trial = self._view.trial
        text = assignments_of(trial) if trial else ""

        def enqueue(line: str) -> None:
            self._act(lambda: self._actions.enqueue(shlex.split(line)))

        self.query_one(Prompt).ask("enqueue", text, enqueue)

    def action_report(self) -> None:
        """Write the report."""
        self.say("writing the report …")
        self._act(self._actions.report)

    def _act(self, action: Callable[[], str]) -> None:
        """Do something to the study beside the screen, and show what came of it."""

        async def act() -> None:
            try:
                text = await asyncio.to_thread(action)
            except (SearchError, ValueError, OSError) as error:
                text = " ".join(str(error).split())
            self.say(text)
            self._look()

        self._beside(act, "act")

    def _beside(self, work: Callable[[], Coroutine[None, None, None]], group: str) -> Worker[None]:
        """Do something while keys are taken; what is new of a group takes the place of the old."""
        return self.run_worker(work, group=group, exclusive=True)

    def action_leave(self) -> None:
        """Leave the screen; the run goes on."""
        self.exit("left")

    def action_interrupt(self) -> None:
        """Do what Ctrl-C does without a screen."""
        if self._interrupt is None:
            self.exit("interrupted")
        else:
            self._interrupt()


def assignments_of(trial: Trial) -> str:
    """Write a trial's point as the words of `search enqueue`, in a line as a shell takes it.

    A text that YAML would read as something else is in quotes.
    """
    words = []
    for name, value in trial.params.items():
        is_plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w.-]*", value)
        is_word = is_plain and str(value).lower() not in {"true", "false", "null", "nan", "inf"}
        words.append(f"{name}={value if is_word else json.dumps(value)}")
    return shlex.join(words)
