"""A study as one HTML page that needs nothing else: no network, no other file.

The page holds the summary, a leaderboard that sorts and filters, every plot as SVG, test
metrics with the worst classified images, classes, layers, environment, and the space file with
the command to repeat the search. Nothing is trained for it, and the test split is not read.
"""

import base64
from pathlib import Path
from typing import Any

from markupsafe import Markup

from search.plots.catalogue import PLOTS
from search.plots.rendering import colour_rules, inline_svg, marks_json
from search.plots.style import WIDTH, sentence_of
from search.report.templates import render_page
from search.studies.database import shown_url
from search.studies.durable import write_whole
from search.studies.folder import read_worst_picture
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.evaluation import test_parts
from search.summaries.leaderboard import report_table
from search.summaries.space import classes_part
from search.summaries.study import environment_part
from search.summaries.summary import summary_facts, summary_parts
from search.summaries.trial import layers_part


def write_report(study: StudyReader, path: Path, ask: bool = True) -> None:
    """Write the report of a study into a file, replaced if there is one."""
    write_whole(path, report_html(study, ask).encode())


def report_html(study: StudyReader, ask: bool = True) -> str:
    """Make the report of a study; with `ask` its objective tells of classes and layers."""
    facts = summary_facts(study)
    trials = study.trials()
    best = next((trial for trial in trials if trial.state == "COMPLETE"), None)
    evaluated = next((trial for trial in trials if trial.test), None)
    _, *parts = summary_parts(facts)
    columns, rows = report_table(study)
    plots, undrawn = _plots(study)
    return render_page(
        "report/templates/report.html",
        study=study,
        facts=facts["study"],
        notes=facts["notes"],
        parts=parts,
        columns=columns,
        rows=rows,
        plots=plots,
        undrawn=undrawn,
        light=Markup(colour_rules(dark=False)),  # noqa: S704
        dark=Markup(colour_rules(dark=True)),  # noqa: S704
        tested=test_parts(study.name, evaluated),
        pictures=_pictures(study, evaluated),
        classes=classes_part(study, evaluated, ask),
        layers=layers_part(study, best, ask),
        environment=environment_part(study),
        space=shown_url(study.space_file.read_text(encoding="utf-8")),
    )


def _plots(study: StudyReader) -> tuple[list[dict[str, Any]], list[str]]:
    """Draw every plot that the study has data for; sentences tell what there is too little for.

    A plot is wide if it is to stand alone in its row.
    """
    shown, sentences = [], []
    for name, draw in PLOTS.items():
        plot = draw(study)
        if plot is None:
            continue
        if sentence := sentence_of(plot):
            sentences.append(f"{plot.get_suptitle()}: {sentence}")
            continue
        shown.append(
            {
                "name": name.replace("_", " "),
                "svg": Markup(inline_svg(plot)),  # noqa: S704
                "marks": Markup(marks_json(plot)),  # noqa: S704
                "wide": plot.get_figwidth() > 1.4 * WIDTH,
            }
        )
    return shown, sentences


def _pictures(study: StudyReader, trial: Trial | None) -> list[str]:
    """Give the worst classified images as addresses that hold the picture itself.

    Those that are not there are empty; there are none at all if no picture is there.
    """
    if trial is None or trial.test is None:
        return []
    folder = study.trial_folder(trial.number)
    files = [read_worst_picture(folder, miss.index) for miss in trial.test.worst or []]
    if not any(files):
        return []
    return [
        f"data:image/png;base64,{base64.b64encode(file).decode()}" if file else ""
        for file in files
    ]
