"""What is asked of a study from outside its session: a file of requests, and what came of each.

Any process may append to the file; only the driver acts on it. A request is a line, written at
once and flushed to the disk; one that a kill tore is no line and is passed over. What came of it
stands in the storage, under the request's name: until it says that the request is in effect, a
driver acts on it again, so each is made to do nothing twice.
"""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from search.errors import StudyError
from search.studies import attributes
from search.studies.durable import flush_folder
from search.studies.reader import StudyReader

REQUESTS_FILE = "requests.jsonl"

Verb = Literal["set", "pause", "resume", "stop", "note", "tag"]


@dataclass(frozen=True)
class Request:
    """Something asked of a study.

    Args:
        name: Tells it from all others.
        verb: What to do.
        arguments: With what.
        at: When it was asked, in seconds since 1970.
    """

    name: str
    verb: Verb
    arguments: dict[str, Any]
    at: float


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Args:
        text: What was understood, as `workers 2 → 1`.
        effect: When it took effect, as `after epoch 3 of trial 7`; empty while it has not.
        awaited: What it waits for until then; empty where it is done as soon as it is read.
    """

    text: str
    effect: str = ""
    awaited: str = ""

    def __str__(self) -> str:
        """Say it to the user."""
        if self.effect and not self.awaited:
            return self.text
        return f"{self.text}, in effect {self.effect or f'once {self.awaited}'}"


def place_request(folder: Path, verb: Verb, **arguments: Any) -> Request:
    """Ask something of the study in a folder; it is on the disk when this returns."""
    request = Request(uuid.uuid4().hex, verb, arguments, time.time())
    line = json.dumps(asdict(request)).encode() + b"\n"
    path = folder / REQUESTS_FILE
    try:
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(_after_torn_line(path) + line)
            file.flush()
            os.fsync(file.fileno())
        flush_folder(folder)
    except OSError as error:
        raise StudyError(f"{path}: the file must be writable, got {error.strerror}") from None
    return request


class Inbox:
    """The requests of a study in the order in which they were asked, as they come.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / REQUESTS_FILE
        self._n_read = 0

    def new(self) -> list[Request]:
        """Read what has been asked since the last call."""
        try:
            if self._path.stat().st_size <= self._n_read:
                return []
            with self._path.open("rb") as file:
                file.seek(self._n_read)
                text = file.read()
        except OSError:  # nobody has asked yet, or the disk is away for the moment
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._n_read += len(whole)
        return list(_requests(whole))


def answer_to(study: StudyReader, request: Request) -> Answer | None:
    """Read what came of a request; None as long as no driver has taken it up."""
    found = study.optuna_study.user_attrs.get(attributes.REQUEST + request.name)
    return None if found is None else Answer(**found)


def write_answer(study: StudyReader, request: Request, answer: Answer) -> None:
    """Record what came of a request; only the driver may call it."""
    study.optuna_study.set_user_attr(attributes.REQUEST + request.name, asdict(answer))


def _after_torn_line(path: Path) -> bytes:
    """Give what ends a line that a killed process left, if it did."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return b""
        file.seek(-1, os.SEEK_END)
        return b"" if file.read(1) == b"\n" else b"\n"


def _requests(lines: bytes) -> Iterator[Request]:
    for line in lines.splitlines():
        try:
            yield Request(**json.loads(line))
        except (ValueError, TypeError):  # torn by a kill
            continue
