"""Databases that hold studies: how one is opened, waited for while it is away, and named.

A password is never kept: it comes from the environment, as the database's own client reads it
(`PGPASSWORD`, `~/.pgpass`) or in the place of `${NAME}` in the URL.
"""

import functools
import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage

from search.errors import StudyError
from search.spaces.optuna_privates import STORAGE_CALLS, quiet_optuna

if TYPE_CHECKING:
    from sqlalchemy import Engine

_PASSWORD = re.compile(r"(://[^:/@\s]*):(?!\$\{\w+\}@)\S+@")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_MADE_MEANWHILE = re.compile("already exists|UNIQUE constraint|[Dd]uplicate|database is locked")
_LONGEST_PAUSE_S = 5.0
_TRIES = 5


class DatabaseError(StudyError):
    """A database that has gone away and was waited for in vain."""


class PatientStorage(RDBStorage):
    """Optuna's storage, which does again what the loss of a connection has cut short."""


def _patient(call: Callable[..., Any]) -> Callable[..., Any]:
    """Have a call of the storage done again; connecting anew waits until its time is up."""

    @functools.wraps(call)
    def tried(self: PatientStorage, *args: Any, **options: Any) -> Any:
        for n_left in reversed(range(_TRIES)):
            try:
                return call(self, *args, **options)
            except StorageInternalError as error:
                if not n_left:
                    reason = str(error.__cause__ or error).splitlines()[0]
                    place = shown_url(str(self.url))
                    raise DatabaseError(
                        f"{place}: the database must be within reach, got {shown_url(reason)}"
                    ) from None
            except UpdateFinishedTrialError:
                if n_left == _TRIES - 1:
                    raise
                return True  # it was done before the answer was lost
        raise AssertionError

    return tried


for _name in STORAGE_CALLS:
    setattr(PatientStorage, _name, _patient(getattr(RDBStorage, _name)))


def open_database(url: str, patience_s: float) -> PatientStorage:
    """Open a database, making its tables where it has none.

    Args:
        url: Where it is, as Optuna takes it; `${NAME}` stands for a variable of the environment.
        patience_s: For how many seconds it is waited for when it goes away later on, or is locked.

    Returns:
        Optuna's storage.

    Raises:
        StudyError: If it cannot be reached.
    """
    try:
        storage = _opened(_with_variables(url), patience_s)
    except StudyError:
        raise
    except Exception as error:  # noqa: BLE001  each database has errors of its own
        reason = shown_url(" ".join(str(error).split())[:200])
        raise StudyError(
            f"storage: a database within reach must be given, got {shown_url(url)}: {reason}"
            f"{_password_hint(url)}"
        ) from None
    _wait_for(storage.engine, patience_s)
    return storage


def _opened(url: str, patience_s: float, tries: int = 10) -> PatientStorage:
    """Open it; another process may be making its tables meanwhile."""
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": patience_s}
    try:
        with quiet_optuna():
            return PatientStorage(url, engine_kwargs=options)
    except Exception as error:
        if tries == 1 or not _MADE_MEANWHILE.search(str(error)):
            raise
    time.sleep(0.1)
    return _opened(url, patience_s, tries - 1)


def _wait_for(engine: "Engine", patience_s: float) -> None:
    """Have connections that fail tried again, ever more rarely, until the time is up.

    A connection that has died is noticed before it is used and replaced. Once the database has
    been away for too long, it is asked only once each time: the session is about to end.
    """
    from sqlalchemy import event

    given_up = False

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: object, args: Any, options: Any) -> Any:
        nonlocal given_up
        until, pause_s = time.monotonic() + patience_s, 0.1
        while True:
            try:
                connection = dialect.connect(*args, **options)
            except dialect.loaded_dbapi.OperationalError:
                if given_up or time.monotonic() + pause_s > until:
                    given_up = True
                    raise
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                given_up = False
                return connection


def _with_variables(url: str) -> str:
    """Put the environment's values in the place of `${NAME}`."""
    missing = [name for name in _VARIABLE.findall(url) if name not in os.environ]
    if missing:
        raise StudyError(f"storage: the environment must hold {missing[0]}, which {url} names")
    return _VARIABLE.sub(lambda match: os.environ[match[1]], url)


def without_password(url: str) -> str:
    """Leave a password out of an URL, so that it can be kept; a variable's name stays.

    Args:
        url: The URL of a database, or anything else.

    Returns:
        What may be written to a file.

    Example:
        >>> without_password("postgresql://me:secret@host/db")
        'postgresql://me@host/db'
        >>> without_password("mysql://me:${PASSWORD}@host/db")
        'mysql://me:${PASSWORD}@host/db'
    """
    return _PASSWORD.sub(r"\1@", url)


def shown_url(text: str) -> str:
    """Write an URL without its password.

    Args:
        text: The URL, or a text with URLs in it.

    Returns:
        The same with stars in it.

    Example:
        >>> shown_url("postgresql://me:secret@host/db")
        'postgresql://me:***@host/db'
    """
    return _PASSWORD.sub(r"\1:***@", text)


def _password_hint(url: str) -> str:
    """Say how a password is given, where the URL has a user and none."""
    if not re.search(r"://[^:/@\s]+@", url):
        return ""
    return "; a password is given by PGPASSWORD or ~/.pgpass, or as ${NAME} in the URL"
