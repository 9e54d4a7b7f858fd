"""How much each parameter mattered, as bars."""

from matplotlib.figure import Figure

from search.plots.style import (
    BLUE,
    INK,
    SMALL,
    dress,
    new_plot,
    plain,
    sentence_plot,
    shortened,
)
from search.studies.reader import StudyReader
from search.summaries.importance import ImportanceFacts, importance_facts

TITLE = "Importance of parameters"


def main_importance(study: StudyReader) -> ImportanceFacts:
    """Tell how much each parameter mattered for the study's (first) metric.

    Args:
        study: The study.

    Returns:
        As `search.summaries.importance.importance_facts` says of that metric.
    """
    return importance_facts(study)[0]


def importance(study: StudyReader) -> Figure | None:
    """Draw the importance of each parameter as a bar.

    Args:
        study: The study.

    Returns:
        The figure; a sentence if there is nothing to tell; None for a single parameter, whose
        share would be 1.
    """
    facts = main_importance(study)
    found: dict[str, float] = facts["importances"]
    if not found:
        return sentence_plot(TITLE, f"Not told: {facts['note']}.")
    if len(found) == 1:
        return None
    figure = new_plot(TITLE, height=1.1 + 0.28 * len(found))
    axes = figure.add_subplot()
    dress(
        axes, f"importance (share; fANOVA of {facts['n_trials']:,} complete trials)", "", grid="x"
    )
    bars = axes.barh(range(len(found)), list(found.values()), color=BLUE, height=0.65)
    texts = [f"{share:.2f}" for share in found.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=SMALL, color=INK)
    axes.set_yticks(range(len(found)), [plain(shortened(name, 30)) for name in found])
    axes.set_xlim(0, 1.12 * max(*found.values(), 0.01))
    axes.set_ylim(len(found) - 0.4, -0.6)
    return figure
