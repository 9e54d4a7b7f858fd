"""The page: what is known of the trial, and where its pictures go."""

from pathlib import Path
from typing import Any

from search.best_trial.trained import as_it_ran
from search.demo.model import DemoModel
from search.objective.descriptions import class_counts
from search.report.templates import render_page
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.layout import heading
from search.text import number_text, value_text

LARGEST_PICTURE = 16 * 1024**2
"""Bytes of a picture that is sent."""


def demo_page(study: StudyReader, record: Trial, model: DemoModel) -> str:
    """Make the page of a trial.

    Args:
        study: The study.
        record: The trial.
        model: Its network.

    Returns:
        A whole page, for the addresses of `search.demo.server`.

    Raises:
        ObjectiveError: If the objective counts its images and cannot.
    """
    return render_page(
        "demo/templates/demo.html",
        study=study.name,
        trial=record.number,
        epoch=record.best_epoch,
        figures=_figures(study, record),
        parameters={name: value_text(value) for name, value in record.params.items()},
        notes=_notes(study, record),
        draws=model.draws,
        examples=[_name(model, example.label) for example in model.examples],
        facts={"classes": model.classes, "largest": LARGEST_PICTURE},
    )


def _figures(study: StudyReader, record: Trial) -> dict[str, str]:
    """Name the figures that say how good the network is; those of the test split last."""
    names = dict.fromkeys(["val_accuracy", *(m.name for m in study.spec.metrics), "n_parameters"])
    known = {name: record.metrics[name] for name in names if name in record.metrics}
    if record.test:
        known["test_accuracy"] = record.test.metrics["accuracy"]
    return {heading(name): number_text(value) for name, value in known.items()}


def _notes(study: StudyReader, record: Trial) -> list[str]:
    """Say what the network was trained on, and what its figures do not tell."""
    ran = as_it_ran(study, record)
    counts = class_counts(ran.objective, ran.settings) or {}
    data = ran.settings.get("data")
    source = (
        Path(data.get("path") or data.get("name") or "").name if isinstance(data, dict) else ""
    )
    of_what = f" of {source}" if source else ""
    n_train, n_val = (sum(c.get(split, 0) for c in counts.values()) for split in ("train", "val"))
    chosen = f"{study.spec.metric.name} on the validation split"
    return [
        f"Trained on {n_train:,} images{of_what} in {len(counts)} classes, chosen by {chosen} "
        f"({n_val:,} images)."
        if counts
        else f"Trained on images{of_what}, chosen by {chosen}.",
        "Its figures are those of images like these: expect less of other drawings or photos.",
        "It knows its classes only; whatever it is shown, the probabilities sum to 100 %.",
    ]


def _name(model: DemoModel, label: int) -> Any:
    return model.classes[label] if label < len(model.classes) else label
