"""Where the output of commands goes: data to stdout, messages to stderr."""

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, TextIO

import typer

from search.errors import SearchError
from search.studies.folder import study_command
from search.text import did_you_mean, json_text, listing, printable

if TYPE_CHECKING:
    from rich.console import Console

    from search.api.outputs import Event
    from search.api.study import Study
    from search.summaries.layout import Findings, Part

DOCUMENT_FORMATS = ("text", "md", "latex", "json")
TABLE_FORMATS = (*DOCUMENT_FORMATS, "csv")


_at_end: ExitStack | None = None
"""What is undone at the end of the command line; None where none runs, as in a test."""
_data: TextIO | None = None
"""Stdout while it is kept for JSON alone."""


@contextmanager
def stdout_given_back() -> Iterator[None]:
    """Give stdout back at the end of a command line that kept it for its data."""
    global _at_end, _data
    try:
        with ExitStack() as _at_end:
            yield
    finally:
        _at_end = _data = None


def keep_stdout_for_data() -> None:
    """Have everything else that this process and its children print go to stderr from here on.

    An objective prints what it likes when it is imported or runs in this process.
    """
    global _data
    if _at_end is not None and _data is None:
        _data = _at_end.enter_context(_diverted())


@contextmanager
def _diverted() -> Iterator[TextIO]:
    """Yield what was stdout; until the end whatever is written to stdout goes to stderr."""
    stream = sys.stdout
    stream.flush()
    with redirect_stdout(sys.stderr):
        try:
            number, errors = stream.fileno(), sys.stderr.fileno()
        except OSError:  # they are no files, as in tests
            yield stream
            return
        own = os.dup(number)
        os.dup2(errors, number)
        data = os.fdopen(own, "w", encoding="utf-8")
        try:
            yield data
        finally:
            stream.flush()  # what was written to it by another of its names
            os.dup2(own, number)
            with suppress(BrokenPipeError):  # nobody reads any more what is left
                data.close()


def stdout() -> "Console":
    """Open the console for data."""
    from rich.console import Console

    # Elsewhere than on a terminal nothing may be cut to a width; names such as [/] are no markup.
    width = None if sys.stdout.isatty() else 1000
    return Console(width=width, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Tell the user something that is no data."""
    typer.echo(printable(text), err=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines of data to stdout."""
    for line in lines:
        typer.echo(printable(line))


def print_json(data: object) -> None:
    """Print plain data to stdout, for programs."""
    _write_data(json_text(data))


def _write_data(text: str) -> None:
    stream = _data or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def print_parts(parts: "Sequence[Part]", format_: str = "text") -> None:
    """Print a document to stdout, as text, Markdown or LaTeX."""
    from search.summaries.layout import WRITERS, text_report

    if format_ == "text":
        console = stdout()
        console.print(text_report(parts, console.width), crop=False)
    else:
        typer.echo(WRITERS[format_](parts), nl=False)


def print_findings(findings: "Findings[Any]", format_: str = "text") -> None:
    """Print findings to stdout: their facts as JSON, their rows as CSV, else their document."""
    if format_ == "json":
        print_json(findings.facts)
    elif format_ == "csv":
        from search.studies.export import EXPORT_FORMATS

        typer.echo(EXPORT_FORMATS["csv"](list(findings.rows)), nl=False)
    else:
        print_parts(findings.parts, format_)


def checked_format(
    given: str, as_json: bool = False, valid: Collection[str] = DOCUMENT_FORMATS
) -> str:
    """Refuse a format that does not exist; `--json` is `--format json`."""
    if given not in valid:
        hint = did_you_mean(given, valid)
        raise SearchError(
            f"--format: a format must be given, got {given!r}{hint}; valid: {listing(valid)}"
        )
    if as_json or given == "json":
        keep_stdout_for_data()
        return "json"
    return given


def for_programs(as_json: bool) -> bool:
    """Keep stdout for data where a command without other formats is to print JSON."""
    if as_json:
        keep_stdout_for_data()
    return as_json


def next_commands(*commands: str) -> None:
    """Name the commands that are useful next, the likeliest first, on stderr."""
    say("next: " + "\n      ".join(commands))


class EventLines:
    """Prints events of a session to stdout, a line of JSON each, until nobody reads them."""

    def __init__(self) -> None:
        self._is_read = True

    def __call__(self, event: "Event") -> None:
        """Print an event at once."""
        if not self._is_read:
            return
        try:
            _write_data(json_text(event, indent=None))
        except BrokenPipeError:
            self._is_read = False
            say("nobody reads the events any more; the run goes on without them")


def session_output(
    as_json: bool, events: bool
) -> tuple["Callable[[Event], object] | None", "Callable[[Study], object]"]:
    """Choose what a session is told by: who is given its events, and its study at the end."""
    if as_json and events:
        raise SearchError("--events: cannot be given together with --json")
    if not as_json and not events:
        return None, print_result
    keep_stdout_for_data()
    if events:
        return EventLines(), lambda study: say(study.outcome())
    return None, lambda study: print_json(study.result())


def print_result(study: "Study") -> None:
    """Print what a run has come to: counts and failures to stderr, the best trials to stdout.

    Of a confirmation what it has shown is printed in their place.
    """
    verdict = study.confirmation() if study.confirms else None
    if verdict:
        say(study.outcome())
        print_findings(verdict)
        next_commands(study_command(study.folder, "leaderboard"))
        return
    best = study.show_leaderboard(top=10)
    if not best.facts:
        return
    say(study.outcome())
    print_findings(best)
    next_commands(
        *([study_command(study.folder, "resume")] if study.has_unfinished_leader() else []),
        study_command(study.folder, "show", best.facts[0]["trial"]),
        study_command(study.folder, "export", "--format", "csv"),
    )
