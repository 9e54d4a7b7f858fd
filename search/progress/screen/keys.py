"""The keys of the screen: what each does, for the foot and the page of help."""

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding

from search.text import plain_text

FOOT = (
    ("s", "stop"),
    ("p", "pause"),
    ("x", "end trial"),
    ("e", "enqueue"),
    ("n", "note"),
    ("o", "report"),
    ("/", "filter"),
    ("f", "failed"),
    ("b", "best"),
    ("< >", "sort"),
    ("m", "metric"),
    ("v", "parameter"),
    ("Tab", "pane"),
    ("?", "help"),
    ("q", "leave"),
)
"""What stands at the foot."""

HELP = (
    ("s", "end the session, which can be resumed"),
    ("p", "let the session rest, or go on: workers and GPUs are free meanwhile"),
    ("x", "end the chosen trial"),
    ("e", "try a variant of the chosen trial; n puts a note on it"),
    ("o", "write the report, and open it where there is a browser"),
    ("/", "show trials by words: adamw, optimizer=sgd, dropout<0.2, memory"),
    ("f", "show failed trials only, or all again"),
    ("b", "choose the best trial; ↑ ↓ PgUp PgDn Home End another one"),
    ("< >", "sort by the column before or after; r turns the order round"),
    ("← →", "move the columns"),
    ("m", "draw another metric of the chosen trial"),
    ("v V", "draw the value over the next parameter, or the one before"),
    ("Tab", "show the next pane alone, or all again; Shift+Tab the one before"),
    ("q", "leave the screen; the run goes on"),
)
"""What each key does."""

ACTIONS = {
    "s": "stop",
    "p": "pause",
    "x": "stop_trial",
    "e": "enqueue",
    "n": "note",
    "o": "report",
    "slash": "filter",
    "f": "failed",
    "b": "best",
    "greater_than_sign": "sort(1)",
    "less_than_sign": "sort(-1)",
    "r": "turn",
    "m": "metric",
    "v": "parameter(1)",
    "V": "parameter(-1)",
    "tab": "pane(1)",
    "shift+tab": "pane(-1)",
    "question_mark": "help",
    "q": "leave",
    "up,k": "move(-1)",
    "down,j": "move(1)",
    "pageup": "page(-1)",
    "pagedown": "page(1)",
    "home": "move(-1000000)",
    "end": "move(1000000)",
    "left": "shift(-1)",
    "right": "shift(1)",
    "ctrl+c": "interrupt",
}
"""The action of each key, as textual names both."""

_FIRST = {"tab", "shift+tab", "ctrl+c"}
"""Keys that textual's screens would take for themselves."""


def bindings() -> list[Binding]:
    """Give the keys as textual takes them."""
    return [
        Binding(key, action, show=False, priority=key in _FIRST) for key, action in ACTIONS.items()
    ]


def foot(width: int) -> Text:
    """Write the keys that are needed most, in lines of a width."""
    lines = [Text()]
    for key, word in FOOT:
        part = Text.assemble((key, "bold"), f" {word}")
        gap = 2 if lines[-1] else 0
        if lines[-1] and cell_len(lines[-1].plain) + gap + cell_len(part.plain) > width:
            lines.append(Text())
            gap = 0
        lines[-1].append(" " * gap).append_text(part)
    return plain_text("\n").join(lines)


def help_text(ctrl_c: str) -> Text:
    """Say what every key does; Ctrl-C differs."""
    pairs = [*HELP, ("Ctrl-C", ctrl_c)]
    return plain_text("\n").join(
        Text.assemble((f"{key:>6}", "bold"), f"  {what}") for key, what in pairs
    )
