"""The line at the bottom that asks: for words, or for one of a few keys."""

from collections.abc import Callable, Mapping

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

Answer = Callable[[str], None]


class Prompt(Horizontal):
    """One question at a time; hidden while there is none. Escape takes it back."""

    BINDINGS = [("escape", "leave", "")]

    def compose(self) -> ComposeResult:
        """See textual."""
        yield Static(id="question", markup=False)
        yield Input(id="answer", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """See textual."""
        self.display = False
        self._answered: Answer | None = None
        self._changed: Answer | None = None
        self._keys: Mapping[str, Callable[[], None]] = {}

    def ask(
        self, question: str, text: str, answered: Answer, changed: Answer | None = None
    ) -> None:
        """Ask for words.

        Args:
            question: What stands before them.
            text: The words to begin with.
            answered: Given the words, once they are entered.
            changed: Given the words at each key; the ones to begin with when it is left.
        """
        self._keys = {}
        self._answered, self._changed, self._before = answered, changed, text
        self._show(question, text)

    def ask_key(self, question: str, keys: Mapping[str, Callable[[], None]]) -> None:
        """Ask for one key; any that is not named means no."""
        self._keys = keys
        self._answered = self._changed = None
        self._show(question, "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """See textual."""
        if self._keys and event.value:
            chosen = self._keys.get(event.value)
            self._hide()
            if chosen:
                chosen()
        elif self._changed and self.display:
            self._changed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """See textual."""
        answered = self._answered
        self._hide()
        if answered:
            answered(event.value)

    def action_leave(self) -> None:
        """Take the question back."""
        if self._changed:
            self._changed(self._before)
        self._hide()

    def _show(self, question: str, text: str) -> None:
        self.query_one("#question", Static).update(f"{question} ")
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.display = True
        field.focus()

    def _hide(self) -> None:
        self._answered = self._changed = None
        self._keys = {}
        self.display = False
        self.screen.set_focus(None)
