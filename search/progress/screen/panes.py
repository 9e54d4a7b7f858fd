"""What every pane is: a frame with a title, drawn anew to its size when the study has changed."""

from rich.text import Text
from textual.widget import Widget

from search.progress.screen.study_view import StudyView


class Pane(Widget):
    """A part of the screen.

    Args:
        view: The study.
        name: Its name, which people see.
    """

    def __init__(self, view: StudyView, name: str) -> None:
        super().__init__(id=name, classes="pane")
        self.view = view

    def on_mount(self) -> None:
        """See textual."""
        self.redraw()

    def redraw(self) -> None:
        """Show the study as it is now."""
        self.border_title, self.border_subtitle = self.titles()
        self.refresh()

    def titles(self) -> tuple[str, str]:
        """Say what it shows, above and below."""
        return self.id or "", ""

    def render(self) -> Text:
        """See textual."""
        width, height = self.content_size
        return self.drawn(width, height) if width > 0 and height > 0 else Text()

    def drawn(self, width: int, height: int) -> Text:
        """Draw what it shows, in so many columns and lines."""
        raise NotImplementedError
