"""What people write on a study: tags on the whole of it, a note on each of its trials.

They are attributes of the study: a trial that has ended takes none. Only the driver writes them.
"""

from collections.abc import Iterable

from search.studies import attributes
from search.studies.reader import StudyReader


def write_note(study: StudyReader, number: int, text: str) -> None:
    """Put a note on a trial in place of the one it has; an empty text takes that away."""
    study.optuna_study.set_user_attr(f"{attributes.NOTE}{number}", text)


def write_tags(study: StudyReader, tags: Iterable[str]) -> None:
    """Put tags on a study in place of those it has."""
    study.optuna_study.set_user_attr(attributes.TAGS, list(dict.fromkeys(tags)))
