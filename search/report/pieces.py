"""What the page of a study is put together of, each piece made anew whenever the page is."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from search.best_trial.validation import Validation
from search.plots.catalogue import PLOTS
from search.plots.classes import class_accuracy, confusion_matrix
from search.plots.rendering import inline_svg, marks_json
from search.plots.style import WIDTH, sentence_of
from search.report.asked import Asked
from search.report.templates import macros
from search.studies.database import shown_url
from search.studies.folder import read_worst_picture
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.evaluation import test_parts, validation_parts
from search.summaries.layout import Part
from search.summaries.leaderboard import report_table
from search.summaries.study import environment_part
from search.summaries.summary import SummaryFacts, summary_facts, summary_parts

_TEMPLATE = "report/templates/pieces.html"
_Pictured = tuple[Part, Sequence[str], str]
"""A part with the addresses of its rows' pictures, and the split that these are of."""


@dataclass(frozen=True)
class Piece:
    """One element of the page.

    Args:
        html: The element.
        frame: What it is without its children; empty where it has none.
        children: Elements in it by name, which may change while the frame stays.
    """

    html: Markup
    frame: str = ""
    children: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> str:
        """What makes it another piece when it changes, whatever becomes of its children."""
        return self.frame or self.html


def pieces_of(study: StudyReader, asked: Asked) -> dict[str, Piece]:
    """Make the pieces of a study's page by name, which is that of their element."""
    html: Any = macros(_TEMPLATE)
    facts, trials = summary_facts(study), study.trials()
    best = next((trial for trial in trials if trial.state == "COMPLETE"), None)
    evaluated = next((trial for trial in trials if trial.test), None)
    validation = asked.validation(study, best)
    summary = _summary(facts)
    drawn, sentences = _drawn(study, validation, html)
    classified = _classified(study, best, validation, evaluated)
    classified.append((asked.classes(study, evaluated), [], ""))
    network = [asked.layers(study, best), environment_part(study)]
    space = shown_url(study.space_file.read_text(encoding="utf-8"))
    names = [(part.heading, "") for part in summary]
    names += [("Leaderboard", "leaderboard-of-all-trials"), ("Plots", "")]
    names += [(part.heading, "") for part in [*(part for part, _, _ in classified), *network]]
    return {
        "header": Piece(html.header(study, facts["study"], facts["notes"])),
        "sections": Piece(html.navigation([*names, ("To repeat it", "")])),
        "summary": Piece(html.sections("summary", unpictured(summary))),
        "board": _board(study, html),
        "undrawn": Piece(html.undrawn(sentences)),
        "drawn": drawn,
        "classified": Piece(html.sections("classified", classified)),
        "network": Piece(html.sections("network", unpictured(network), side_by_side=False)),
        "repeat": Piece(html.repeat(study, space)),
    }


def _summary(facts: SummaryFacts) -> list[Part]:
    _, *parts = summary_parts(facts)
    return parts


def unpictured(parts: Sequence[Part]) -> list[_Pictured]:
    """Take parts that have no pictures."""
    return [(part, [], "") for part in parts]


def _board(study: StudyReader, html: Any) -> Piece:
    """Make the leaderboard, its rows its children: a trial is there once, wherever it stands."""
    columns, rows = report_table(study)
    place = next((i for i, column in enumerate(columns) if column.name == "trial"), 0)
    made = {f"trial-{row[place]['text']}": html.row(columns, row) for row in rows}
    frame = html.board(study, columns, [])
    return Piece(html.board(study, columns, made.values()), frame, made)


def _drawn(
    study: StudyReader, validation: Validation | None, html: Any
) -> tuple[Piece, list[str]]:
    """Draw every plot that the study has data for; sentences tell what there is too little for.

    A plot is wide if it is to stand alone in its row.
    """
    draws: dict[str, Callable[[StudyReader], Figure | None]] = {
        **PLOTS,
        "confusion_matrix": partial(confusion_matrix, known=validation),
        "class_accuracy": partial(class_accuracy, known=validation),
    }
    figures: list[tuple[str, bool, str]] = []
    sentences: list[str] = []
    for name, draw in draws.items():
        plot = draw(study)
        if plot is None:
            continue
        if sentence := sentence_of(plot):
            sentences.append(f"{plot.get_suptitle()}: {sentence}")
            continue
        wide = plot.get_figwidth() > 1.4 * WIDTH
        shown = {
            "name": name.replace("_", " "),
            "svg": Markup(inline_svg(plot)),  # noqa: S704
            "marks": Markup(marks_json(plot)),  # noqa: S704
            "wide": wide,
        }
        figures.append((f"plot-{name.replace('_', '-')}", wide, html.figure(shown)))
    figures.sort(key=lambda figure: figure[1])
    frame = html.plots([(wide, name) for name, wide, _ in figures])
    whole = html.plots([(wide, figure) for _, wide, figure in figures])
    return Piece(whole, frame, {name: figure for name, _, figure in figures}), sentences


def _classified(
    study: StudyReader,
    best: Trial | None,
    validation: Validation | None,
    evaluated: Trial | None,
) -> list[_Pictured]:
    """Tell how trials classify the validation split and the test split, worst images included."""
    parts = [
        *unpictured(validation_parts(best, validation.evaluation if validation else None)),
        *unpictured(test_parts(study.name, evaluated)),
    ]
    pictures = {
        "validation": validation.pictures if validation else {},
        "test": _test_pictures(study, evaluated),
    }
    for place, (part, _, _) in enumerate(parts):
        for split, found in pictures.items():
            if part.heading == f"Worst classified {split} images" and part.table:
                parts[place] = (_told(part, split, validation), _addresses(part, found), split)
    return parts


def _told(part: Part, split: str, validation: Validation | None) -> Part:
    """Add to a part why it has no pictures, if that is known."""
    problem = validation.problem if validation and split == "validation" else ""
    return replace(part, sentences=[*part.sentences, problem]) if problem else part


def _test_pictures(study: StudyReader, trial: Trial | None) -> dict[int, bytes]:
    if trial is None or trial.test is None:
        return {}
    folder = study.trial_folder(trial.number)
    files = {miss.index: read_worst_picture(folder, miss.index) for miss in trial.test.worst or []}
    return {index: file for index, file in files.items() if file}


def _addresses(part: Part, pictures: dict[int, bytes]) -> list[str]:
    """Give pictures as addresses that hold the picture itself, one a row of a part's table.

    Those that are not there are empty; there are none at all if no picture is there.
    """
    if not pictures or part.table is None:
        return []
    files = [pictures.get(int(row[0])) for row in part.table.rows]
    return [
        f"data:image/png;base64,{base64.b64encode(file).decode()}" if file else ""
        for file in files
    ]
