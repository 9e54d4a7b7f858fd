"""The Ray cluster that a session runs on: reached, counted node by node, waited for.

An autoscaler, if there is one, is asked for room for the trials that wait.
"""

import math
import os
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import SearchError
from search.running.engines import ray_privates
from search.running.engines.modules import TooMuchError, copy_modules
from search.running.run import Run
from search.spaces.spec import ResourcesSpec
from search.text import counted, format_duration, listing

ray_privates.set_environment()

import ray  # noqa: E402  Ray reads its environment while it is imported
from ray.autoscaler.sdk import request_resources  # noqa: E402

_OBJECT_STORE_BYTES = 100 * 1024**2  # events are small; the default takes a third of memory
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
_PATIENCE_S = 10.0
"""How long an address may take to answer."""
_NODE_PATIENCE_S = 2.0
_COUNT_S = 1.0
"""How often the nodes of a cluster are counted."""
_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""What a client of gRPC says first: the preface of HTTP/2 and empty settings."""
_HTTP2_SETTINGS = 4
"""The type of the frame that a server answers with, in its fourth byte."""

Resources = Mapping[str, float]


@dataclass(frozen=True)
class Share:
    """What one trial gets of a node."""

    cpus: float
    gpus: float

    def __str__(self) -> str:
        """Name it for a message."""
        return f"{counted_of(self.cpus, 'CPU')} and {counted_of(self.gpus, 'GPU')}"

    def n_fitting(self, node: Resources) -> int:
        """Count the trials that fit on a node at the same time."""
        fits = node.get("CPU", 0.0) // self.cpus
        if self.gpus:
            # A GPU is never split between two trials that need more than what is left of it.
            per_gpu = math.floor(1 / self.gpus) if self.gpus < 1 else 1 / self.gpus
            fits = min(fits, math.floor(node.get("GPU", 0.0) * per_gpu))
        return int(fits)

    def bundle(self) -> dict[str, float]:
        """Write it as Ray does."""
        return {"CPU": self.cpus, **({"GPU": self.gpus} if self.gpus else {})}


class Cluster:
    """The nodes that a session's trials run on.

    Args:
        resources: What the space file says of a trial.
        address: The cluster that was joined; None for one of this session's own.
        wait_s: How long to wait for a node where there is none that a trial fits on.
    """

    def __init__(self, resources: ResourcesSpec, address: str | None, wait_s: float) -> None:
        self._resources = resources
        self._is_joined = address is not None
        self._wait_s = wait_s
        self._counted_at = time.monotonic()
        self._n_asked_for = 0

    def share(self) -> Share:
        """Tell what a trial gets; a GPU if there is one on any node and nothing else is said."""
        gpus = self._resources.gpus_per_trial
        if gpus == "auto":
            gpus = 1.0 if any(node.get("GPU") for node in _nodes()) else 0.0
        return Share(self._resources.cpus_per_trial, float(gpus))

    def wait_for_first(self, run: Run) -> int:
        """Count the trials that fit at the same time; wait for a node, if none fits at first."""
        deadline = time.monotonic() + self._wait_s
        share = self.share()
        if self._wait_s and not _n_fitting(share):
            run.observer.say_at_once(f"waiting {self._awaited(share)}")
        while not (n_fitting := _n_fitting(share)):
            if run.ending():
                return 0
            if time.monotonic() >= deadline:
                raise SearchError(_why_none_fits(share, self._is_joined))
            self._ask_for(share, 1)
            time.sleep(_COUNT_S / 2)
        return n_fitting

    def follow(self, run: Run, share: Share) -> None:
        """Tell a run about once a second how many trials fit, and ask for what it lacks."""
        now = time.monotonic()
        if not self._is_joined or now - self._counted_at < _COUNT_S:
            return
        self._counted_at = now
        run.fit(_n_fitting(share))
        self._ask_for(share, run.n_useful())

    def wait_for_more(self, run: Run, share: Share) -> bool:
        """Wait for a node where none is left; False if no trial follows anyway."""
        if run.n_fitting or not run.has_work() or run.ending():
            return False
        if self._wait_s:
            run.say(f"no node is left that a trial fits on, waiting {self._awaited(share)}")
        deadline = time.monotonic() + self._wait_s
        while not run.n_fitting and not run.ending():
            if time.monotonic() >= deadline:
                run.leave(
                    "no node is left that a trial fits on; --wait-for-workers 10m waits for one"
                )
                return False
            time.sleep(_COUNT_S / 2)
            self.follow(run, share)
            run.take_requests()
        return not run.ending()

    def leave(self) -> None:
        """Take back what the autoscaler was asked for."""
        if self._n_asked_for:
            with suppress(Exception):  # the cluster may be gone
                request_resources(bundles=[])

    def _ask_for(self, share: Share, n_trials: int) -> None:
        """Ask an autoscaler, if there is one, for room for so many trials."""
        if self._is_joined and n_trials != self._n_asked_for:
            request_resources(bundles=[share.bundle()] * n_trials)
            self._n_asked_for = n_trials

    def _awaited(self, share: Share) -> str:
        return f"up to {format_duration(self._wait_s)} for a node with {share}"


def connect(resources: ResourcesSpec, address: str | None, folders: Sequence[str] = ()) -> str:
    """Join the cluster at an address, or start one on this machine.

    To a cluster that was joined go the modules in some folders; it says so if they cannot.
    """
    if address:
        return _join(address, folders)
    ray_privates.set_token()
    wanted = math.ceil((resources.workers or 0) * resources.cpus_per_trial)
    with ray_privates.without_services():
        ray.init(
            address="local",
            num_cpus=max(os.cpu_count() or 1, wanted),
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            **_QUIET,
        )
    return ""


def _join(address: str, folders: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory(prefix="search-") as modules:
        problem = _gather(folders, Path(modules))
        travels = bool(folders) and not problem and not ray_privates.is_submitted_job()
        try:
            _require_answer(address)
            ray.init(
                address=address,
                runtime_env={"working_dir": modules} if travels else None,
                **_QUIET,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise SearchError(
                f"--address: a running Ray cluster must be given, got {address!r}: {reason}"
            ) from None
    return problem


def _gather(folders: Sequence[str], target: Path) -> str:
    try:
        copy_modules(folders, target)
    except (TooMuchError, OSError) as error:
        return (
            f"the modules beside the space file do not travel to other nodes: {error} in "
            f"{listing(folders)}; each node must have those of the objective"
        )
    return ""


def is_lost(node_id: str | None) -> bool:
    """Tell whether a node is gone; the cluster itself may take half a minute to notice."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    for node in nodes:
        if node["NodeID"] == node_id and node["Alive"]:
            place = node["NodeManagerAddress"], node["NodeManagerPort"]
            try:
                socket.create_connection(place, _NODE_PATIENCE_S).close()
            except OSError:
                return True
            return False
    return node_id is not None


def counted_of(number: float, noun: str) -> str:
    """Count what may be a fraction: `0.5 GPUs`, `1 CPU`."""
    return counted(int(number), noun) if number == int(number) else f"{number:g} {noun}s"


def _require_answer(address: str) -> None:
    """See that something speaks gRPC at an address, before Ray tries it for minutes."""
    place = ray_privates.bootstrap_address(address)
    if place is None or "://" in address:
        return
    host, _, port = place.rpartition(":")
    where = f"{host}, port {port}"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S) as connection:
            if os.environ.get("RAY_USE_TLS", "0") == "1":
                return
            connection.sendall(_HTTP2_HELLO)
            answer = connection.recv(9)
    except OSError as error:
        reason = "no answer" if isinstance(error, TimeoutError) else error.strerror or error
        raise ConnectionError(f"{where}: {reason}") from None
    if len(answer) < 4 or answer[3] != _HTTP2_SETTINGS:
        raise ConnectionError(f"{where}: what answers there is no Ray cluster")


def _nodes() -> list[Resources]:
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node["Resources"] for node in nodes if node["Alive"]]


def _n_fitting(share: Share) -> int:
    return sum(share.n_fitting(node) for node in _nodes())


def _why_none_fits(share: Share, is_joined: bool) -> str:
    nodes = _nodes()
    largest = max(nodes, key=_size, default={})
    there = Share(largest.get("CPU", 0.0), largest.get("GPU", 0.0))
    n_nodes = counted(len(nodes), "node")
    of = f"the largest of {n_nodes} has" if is_joined else "this machine has"
    hint = "; --wait-for-workers 10m waits for one that joins" if is_joined else ""
    return f"resources: a trial must fit on one node, it needs {share}; {of} {there}{hint}"


def _size(node: Resources) -> tuple[float, float]:
    return node.get("GPU", 0.0), node.get("CPU", 0.0)
