"""Serves the report of a study and keeps it current while the study runs, for this machine only.

The page is made anew only while somebody looks at it, only if the record has changed, and so
seldom that making it takes a tenth of a core at most: the machine is the run's. The page asks each
second, and is sent the pieces that are others than it has.
"""

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from search.report.asked import Asked
from search.report.page import page_html
from search.report.pieces import Piece, pieces_of
from search.report.serving import (
    HOST,
    App,
    Environ,
    Say,
    StartResponse,
    bind,
    local_only,
    read_only,
    refuse,
    respond,
    serve_until_interrupted,
)
from search.studies.confirmation import SUFFIX
from search.studies.folder import study_command
from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.storage import storage_file

_PORT = 8090
_LOOK_S = 1.0
"""How often the record is looked at; also how often a page asks."""
_SHARE = 0.1
"""Of a core, that making the page may take."""
_UNSEEN_S = 30.0
"""After so long without a request nobody looks; browsers let a hidden page ask once a minute."""
_NICENESS = 10
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'"
)

OpenStudy = Callable[[], StudyReader]


class LiveReport:
    """The newest page of a study, and what of it has changed since an earlier one.

    Args:
        open_study: Opens the study as it is now.
        ask: Whether its objective may be imported and asked for classes, layers and images.
    """

    def __init__(self, open_study: OpenStudy, ask: bool) -> None:
        self._open_study = open_study
        self._asked = Asked(ask)
        self._server = secrets.token_hex(4)  # pages that another server made know another one
        self._version = 0
        self._changed: dict[str, int] = {}
        self._pieces: dict[str, Piece] = {}
        self._facts: dict[str, str] = {}
        self._study: StudyReader | None = None
        self._mark: object = None
        self._lock = threading.Lock()

    def look(self) -> None:
        """Make the page anew if the record has changed."""
        if self._study is not None and record_mark(self._study) == self._mark:
            return
        study = self._open_study()
        # Before the record is read: what is written meanwhile makes the next look differ.
        mark, runs, now = record_mark(study), find_driver(study.folder) is not None, datetime.now()
        pieces = pieces_of(study, self._asked)
        at = f"{now if runs else study.last_change():%H:%M:%S}"
        with self._lock:
            self._take(pieces)
            self._study, self._mark = study, mark
            self._facts = {"state": "running" if runs else "ended", "at": at, "why": ""}

    def fail(self, error: Exception) -> None:
        """Say on the page why it is not current any more."""
        with self._lock:
            self._facts |= {"state": "stale", "why": str(error) or type(error).__name__}
            self._mark = None

    def page(self) -> str:
        """Give the whole page, which knows of what version it is."""
        with self._lock:
            name = self._study.name if self._study else ""
            return page_html(f"{name} – report", self._pieces, self._since())

    def changes(self, since: str) -> dict[str, Any]:
        """Give the pieces that changed since a version; every one if it is another server's."""
        server, _, version = since.partition("-")
        known = int(version) if server == self._server and version.isdigit() else 0
        with self._lock:
            new = dict(self._newer(known))
            board = {"board", *self._pieces["board"].children}
            places = [int(name[6:]) for name in self._pieces["board"].children]
            return {
                **self._facts,
                "since": self._since(),
                "pieces": new,
                "places": places if new.keys() & board else None,
            }

    def _since(self) -> str:
        return f"{self._server}-{self._version}"

    def _take(self, pieces: dict[str, Piece]) -> None:
        self._version += 1
        for name, piece in pieces.items():
            old = self._pieces.get(name)
            if old is None or old.own != piece.own:
                self._changed[name] = self._version
            for child, html in piece.children.items():
                if old is None or old.children.get(child) != html:
                    self._changed[child] = self._version
        self._pieces = pieces

    def _newer(self, known: int) -> Iterator[tuple[str, str]]:
        for name, piece in self._pieces.items():
            if self._changed[name] > known:
                yield name, piece.html
                continue
            for child, html in piece.children.items():
                if self._changed[child] > known:
                    yield child, html


def record_mark(study: StudyReader) -> object:
    """Give what is another value once the record of a study has changed, or who runs it."""
    file = storage_file(study.folder, study.spec.storage)
    if file is None:
        trials = study.optuna_study.get_trials(deepcopy=False)
        record: object = [(t.number, t.state, len(t.intermediate_values)) for t in trials]
    else:
        confirmation = study.folder.with_name(study.name + SUFFIX) / file.name
        spaces = sorted(study.folder.glob("space*.yaml"))
        record = [_stat(path) for path in (file, confirmation, *spaces)]
    return find_driver(study.folder), record


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def serve_live(
    open_study: OpenStudy, port: int | None, *, ask: bool, show: bool, tell: Say, say: Say
) -> None:
    """Serve the report of a study on a port of this machine until the user interrupts it.

    Args:
        open_study: Opens the study as it is now.
        port: 0 takes any, None the usual one or, where that is taken, any other.
        ask: Whether its objective may be imported and asked for classes, layers and images.
        show: Whether to open the page in a browser.
        tell: Given the page's address.
        say: Told what else the user should know.
    """
    report, seen = LiveReport(open_study, ask), _Seen()
    study = open_study()
    with bind(_app(report, seen), port, _PORT) as server:
        report.look()
        runs = "running" if find_driver(study.folder) else "not running, but may go on"
        say(f"{study.name} is {runs}; the page follows it, Ctrl-C ends the page and not the run")
        address = f"http://{HOST}:{server.server_port}"
        with _kept_current(report, seen, say):
            serve_until_interrupted(server, address, show=show, tell=tell)
        say(f"\nno longer served; as a file: {study_command(study.folder, 'report')}")


class _Seen:
    """Remembers when a page last asked."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def note(self) -> None:
        """Remember that one asks now."""
        self._at = time.monotonic()

    def lately(self) -> bool:
        """Tell whether somebody looks at a page."""
        return time.monotonic() - self._at < _UNSEEN_S


def _app(report: LiveReport, seen: _Seen) -> App:
    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.note()
        headers = ("Cache-Control", "no-store"), ("Content-Security-Policy", _POLICY)
        match environ["PATH_INFO"]:
            case "/":
                return respond(start_response, report.page(), "text/html", *headers)
            case "/changes":
                (since,) = parse_qs(environ["QUERY_STRING"]).get("since", [""])[:1]
                text = json.dumps(report.changes(since))
                return respond(start_response, text, "application/json", *headers)
        return refuse(start_response, "404 Not Found", "there is nothing here but /")

    return local_only(read_only(answer, "this page"))


@contextmanager
def _kept_current(report: LiveReport, seen: _Seen, say: Say) -> Iterator[None]:
    """Keep a report current in a thread that gives way to the run."""
    done = threading.Event()
    thread = threading.Thread(target=_keep_current, args=(report, seen, done, say), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()


def _keep_current(report: LiveReport, seen: _Seen, done: threading.Event, say: Say) -> None:
    if sys.platform == "linux":  # where threads have a priority of their own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    pause_s, told = _LOOK_S, ""
    while not done.wait(pause_s):
        pause_s = _LOOK_S
        if not seen.lately():
            continue
        started_s = time.thread_time()
        try:
            report.look()
        except Exception as error:  # noqa: BLE001  the page stays, and says so
            report.fail(error)
            if told != str(error):
                told = str(error)
                say(f"the page is not current: {told or type(error).__name__}")
        pause_s = max(_LOOK_S, (time.thread_time() - started_s) * (1 / _SHARE - 1))
