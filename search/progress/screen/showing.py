"""Shows the screen: of a study that another process runs, or of a run that has started it."""

import asyncio
import os
import signal

from search.progress.screen.app import Left, StudyScreen
from search.progress.screen.study_view import Actions, StudyView
from search.studies.reader import StudyReader


def show(study: StudyReader, actions: Actions, interval_s: float) -> Left | None:
    """Show a study until its session ends or the screen is left.

    Args:
        study: The study; at rest it is shown until the screen is left.
        actions: What keys do to it.
        interval_s: Seconds between two looks.

    Returns:
        How it was left; None if it broke down.
    """
    return StudyScreen(StudyView(study), actions, interval_s).run(mouse=False)


def show_run(study: StudyReader, actions: Actions, pipe: int, driver: int) -> Left | None:
    """Show the run that has started this process, until it ends or the screen is left.

    Args:
        study: Its study.
        actions: What keys do to it.
        pipe: From where the run tells line by line what it is about to do; ends with the run.
        driver: The process of the run, which Ctrl-C is for.

    Returns:
        How it was left; None if it broke down.
    """
    screen = RunScreen(StudyView(study), actions, 1.0, lambda: os.kill(driver, signal.SIGINT))
    screen.listen(pipe)
    return screen.run(mouse=False)


class RunScreen(StudyScreen):
    """The screen of a run that talks to it over a pipe."""

    def listen(self, pipe: int) -> None:
        """Take the pipe, before it runs."""
        self._pipe = pipe
        self._heard = b""

    def on_ready(self) -> None:
        """See textual."""
        # After a run that was killed the shell has the terminal; it must get it as it was.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        asyncio.get_running_loop().add_reader(self._pipe, self._hear)

    def _hear(self) -> None:
        heard = os.read(self._pipe, 4096)
        if not heard:
            asyncio.get_running_loop().remove_reader(self._pipe)
            self.exit("ended")
            return
        *lines, self._heard = (self._heard + heard).split(b"\n")
        if lines:
            self.note(lines[-1].decode(errors="replace"))
