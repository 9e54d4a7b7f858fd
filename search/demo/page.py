"""The page: what is known of the trial, and where its pictures go."""

from pathlib import Path
from typing import Any

from search.best_trial.trained import as_it_ran
from search.demo.model import DemoModel
from search.objective.probing import describe
from search.report.templates import render_page
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.layout import heading
from search.text import number_text, value_text

LARGEST_PICTURE = 16 * 1024**2
"""Bytes of a picture that is sent."""


def demo_page(study: StudyReader, trial: Trial, model: DemoModel) -> str:
    """Make the page of a trial, for the addresses of `search.demo.server`."""
    return render_page(
        "demo/templates/demo.html",
        study=study.name,
        trial=trial.number,
        epoch=trial.best_epoch,
        metrics=_metrics(study, trial),
        parameters={name: value_text(value) for name, value in trial.params.items()},
        notes=_notes(study, trial),
        draws=model.draws,
        examples=[_name(model, example.label) for example in model.examples],
        facts={"classes": model.classes, "largest": LARGEST_PICTURE},
    )


def _metrics(study: StudyReader, trial: Trial) -> dict[str, str]:
    """Name the metrics that say how good the network is; those of the test split last."""
    names = dict.fromkeys(["val_accuracy", *(m.name for m in study.spec.metrics), "n_parameters"])
    known = {name: trial.metrics[name] for name in names if name in trial.metrics}
    if trial.test:
        known["test_accuracy"] = trial.test.metrics["accuracy"]
    return {heading(name): number_text(value) for name, value in known.items()}


def _notes(study: StudyReader, trial: Trial) -> list[str]:
    """Say what the network was trained on, and what its metrics do not tell."""
    ran = as_it_ran(study, trial)
    counts = describe(ran.objective, ran.settings).class_counts() or {}
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
        "Its metrics hold for images like these: expect less of other drawings or photos.",
        "It knows its classes only; whatever it is shown, the probabilities sum to 100 %.",
    ]


def _name(model: DemoModel, label: int) -> Any:
    return model.classes[label] if label < len(model.classes) else label
