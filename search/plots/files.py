"""Writes figures to files."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from search.errors import StudyError
from search.plots.catalogue import PLOTS
from search.studies.disk import write_whole
from search.studies.reader import StudyReader
from search.text import did_you_mean, listing

FORMATS = ("png", "svg", "pdf")
"""What can be written."""
_METADATA = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Without the time, so that the same study gives the same files."""


def write_plots(
    study: StudyReader,
    folder: Path,
    formats: Sequence[str] = ("png", "svg"),
    names: Iterable[str] | None = None,
) -> list[Path]:
    """Write a study's figures, each file whole or not at all.

    Args:
        study: The study.
        folder: Where they go, as `NAME.FORMAT`; made if it is missing.
        formats: Which of `FORMATS`.
        names: Which of `PLOTS`; None for all that the study has data for.

    Returns:
        The files written, in the order of `PLOTS`.

    Raises:
        StudyError: If a name or a format is unknown or the folder cannot be written.
    """
    wanted = list(PLOTS if names is None else names)
    _require("figure", wanted, PLOTS)
    _require("format", formats, FORMATS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
    written = []
    for name in wanted:
        figure = PLOTS[name](study)
        if figure is not None:
            written += [_write(figure, folder / f"{name}.{kind}", kind) for kind in formats]
    return written


def plot_bytes(figure: Figure, format_name: str, *, as_letters: bool = False) -> bytes:
    """Render a figure.

    Args:
        figure: The figure.
        format_name: One of `FORMATS`.
        as_letters: Whether an SVG holds letters, for a page that has fonts, and not outlines.

    Returns:
        The content of a file; the same for the same figure.
    """
    buffer = io.BytesIO()
    letters = "none" if as_letters else "path"
    with matplotlib.rc_context({"svg.hashsalt": "search", "svg.fonttype": letters}):
        figure.savefig(buffer, format=format_name, metadata=_METADATA[format_name])
    return buffer.getvalue()


def _write(figure: Figure, path: Path, format_name: str) -> Path:
    write_whole(path, plot_bytes(figure, format_name))
    return path


def _require(what: str, given: Iterable[str], valid: Iterable[str]) -> None:
    known = list(valid)
    for word in given:
        if word not in known:
            hint = did_you_mean(word, known)
            raise StudyError(
                f"a {what} must be given, got {word!r}{hint}; valid: {listing(known)}"
            )
