"""All that the Ray engine needs of Ray without a promise of Ray's, each with its reason.

`tests/test_ray_privates.py` fails when a release of Ray moves one of these. Ray reads its
environment while it is imported: nothing here imports it before `set_environment` is called.
"""

import logging
import os
import re
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from search.running.trial import Assignment

ENVIRONMENT = {
    # Ray is to leave CUDA_VISIBLE_DEVICES alone for trials without a GPU: `worker.prepare` hides
    # them, and releases that still did it themselves warned unless this was set.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Tune's table of trials would be drawn into ours.
    "RAY_AIR_NEW_OUTPUT": "0",
    # Relative paths of settings start where the user is, not in a folder of Ray's.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # Ray would warn of changes to Ray Train, of which nothing is used here.
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    # Idle workers started beforehand come up just after trials have started their own.
    "RAY_prestart_worker_first_driver": "0",
    # Nobody is told what a user runs.
    "RAY_USAGE_STATS_ENABLED": "0",
    # The study has all that Tune's CSV, JSON and TensorBoard files would repeat.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Ctrl-C is the session's to handle.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # No snapshot of the experiment: a session goes on from the study.
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),
}


def set_environment() -> None:
    """Set what the user has not set; call it before Ray is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def keep_quiet() -> None:
    """Have Ray not tell what becomes of workers: a run records it and its observer shows it."""
    from ray._private import worker

    # `log_to_driver=False` alone leaves what raylets and the autoscaler print on stdout.
    worker._worker_logs_enabled = False
    # Tune prints the traceback of a worker's death here.
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def set_token() -> None:
    """Give a cluster of this process a token: without one Ray writes one into the home folder."""
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


@contextmanager
def without_services() -> Iterator[None]:
    """Start a local cluster without the services that nothing here uses.

    What follows the logs, asks a cloud for nodes and answers the dashboard are processes of their
    own, which load Ray first and are waited for at the start and at the end.
    """
    from ray._private.node import Node

    def start_api_server(node: Any, **_: Any) -> None:
        node._webui_url = ""

    replaced = {
        "start_log_monitor": lambda _: None,
        "start_monitor": lambda _: None,
        "start_api_server": start_api_server,
    }
    rays = {name: getattr(Node, name) for name in replaced}
    try:
        for name, method in replaced.items():
            setattr(Node, name, method)
        yield
    finally:
        for name, method in rays.items():
            setattr(Node, name, method)


def newest_waiting(controller: Any) -> Any:
    """Choose the trial for a worker that became free: the newest, as older ones have their own.

    Tune's own schedulers choose the oldest, whose worker may still be starting; they would give
    that one up, and short trials would all run on the first worker.
    """
    trials = reversed(controller.get_trials())
    return next((trial for trial in trials if trial.status == "PENDING"), None)


def release_idle(controller: Any) -> None:
    """End the workers that no trial waits for, so that others can have what they hold.

    Tune keeps one for a trial that may come.
    """
    if controller._actor_cache.num_cached_objects and newest_waiting(controller) is None:
        controller._cleanup_cached_actors(force_all=True)


def take_back_waiting(controller: Any) -> list[Any]:
    """Take back the trials whose workers have not started, as no node is left for them.

    Tune's own way to stop a trial would print that it is complete.
    """
    waiting = [trial for trial in controller.get_trials() if trial.status == "PENDING"]
    for trial in waiting:
        controller._schedule_trial_stop(trial)
        controller._live_trials.discard(trial)
    return waiting


def is_submitted_job() -> bool:
    """Tell whether `ray job submit` started this process; its working folder travels already."""
    from ray._private.runtime_env.constants import RAY_JOB_CONFIG_JSON_ENV_VAR

    return RAY_JOB_CONFIG_JSON_ENV_VAR in os.environ


def bootstrap_address(address: str) -> str | None:
    """Resolve what a user gave to host and port, as `auto` and `$RAY_ADDRESS`; None if unknown."""
    from ray._private.services import canonicalize_bootstrap_address

    return canonicalize_bootstrap_address(address)


def assignment_of(trial: Any) -> Assignment:
    """Read what our searcher suggested; Tune copies it into the trial's configuration."""
    assignment: Assignment = trial.config["assignment"]
    return assignment


def error_of(trial: Any) -> tuple[str, bool]:
    """Read why a trial's worker is gone, and whether Ray killed it as its node ran out of memory.

    Tune writes the text of the error beside the trial, under a heading, and copies it to its
    storage later than it asks what to do; the kind is known by words there.
    """
    texts = Path(trial.error_file or "")
    written = texts.read_text(encoding="utf-8") if texts.is_file() else "its worker died"
    text = re.split(r"(?m)^Failure # \d+ .*\n", written)[-1].strip()
    return text, "OutOfMemoryError" in text or "running low on memory" in text


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ray start or end as a whole: put off what a handler of signals raises until then.

    Afterwards this process has its own handlers, in whose place Ray sets others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    put_off: list[KeyboardInterrupt] = []

    def handle(signum: int, frame: FrameType | None) -> None:
        handler = handlers[signal.Signals(signum)]
        try:
            if callable(handler):
                handler(signum, frame)
        except KeyboardInterrupt as error:
            put_off.append(error)

    for signum, handler in handlers.items():
        if callable(handler):
            signal.signal(signum, handle)
    try:
        yield
    finally:
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
    if put_off:
        raise put_off[0]
