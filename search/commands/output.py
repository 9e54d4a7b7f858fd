"""Where the output of commands goes: data to stdout, messages to stderr."""

import json
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from search.errors import SearchError
from search.studies.folder import study_command
from search.text import did_you_mean, listing, printable

if TYPE_CHECKING:
    from rich.console import Console

    from search.api.study import Study
    from search.summaries.layout import Findings, Part

DOCUMENT_FORMATS = ("text", "md", "latex", "json")
TABLE_FORMATS = (*DOCUMENT_FORMATS, "csv")


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
    typer.echo(json.dumps(data, indent=2))


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
    return "json" if as_json else given


def next_commands(*commands: str) -> None:
    """Name the commands that are useful next, the likeliest first, on stderr."""
    say("next: " + "\n      ".join(commands))


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
