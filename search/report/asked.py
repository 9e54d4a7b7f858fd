"""What a study's objective is asked for its report, once however often the page is made."""

from search.best_trial.validation import Validation, validation_of, with_pictures
from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from search.summaries.layout import Part
from search.summaries.space import classes_part
from search.summaries.trial import OBJECTIVE_NOT_ASKED, layers_part


class Asked:
    """Asks an objective and remembers what it said.

    Args:
        ask: Whether it may be imported at all.
    """

    def __init__(self, ask: bool) -> None:
        self._ask = ask
        self._parts: dict[tuple[object, ...], Part] = {}
        self._validations: dict[int, Validation | None] = {}

    def classes(self, study: StudyReader, evaluated: Trial | None) -> Part:
        """Count the images of each class and split."""
        key = ("classes", study.version, evaluated.number if evaluated else None)
        if key not in self._parts:
            self._parts[key] = classes_part(study, evaluated, self._ask)
        return self._parts[key]

    def layers(self, study: StudyReader, best: Trial | None) -> Part:
        """Show the network of the best trial."""
        key = ("layers", best.number if best else None)
        if key not in self._parts:
            self._parts[key] = layers_part(study, best, self._ask)
        return self._parts[key]

    def validation(self, study: StudyReader, best: Trial | None) -> Validation | None:
        """Tell how the best trial classifies the validation split.

        Its objective is made for pictures only while no trial runs: it takes memory of its own.
        """
        if best is None:
            return None
        if best.number not in self._validations:
            self._validations[best.number] = validation_of(study, best)
        found = self._validations[best.number]
        if found is None or found.pictures or not found.evaluation.worst:
            return found
        found = self._with_pictures(study, found)
        self._validations[best.number] = found
        return found

    def _with_pictures(self, study: StudyReader, found: Validation) -> Validation:
        if not self._ask:
            return found.without_pictures(f"pictures are {OBJECTIVE_NOT_ASKED}")
        if find_driver(study.folder) is not None:
            return found.without_pictures("pictures are shown once the run has ended")
        return with_pictures(study, found)
