"""Objectives for frameworks that call back, where nothing can `yield`: functions that report.

    @search.reporting
    def train(params, report, epochs=10):
        trainer = Trainer(max_epochs=epochs, callbacks=[ReportCallback(report)])
        trainer.fit(build(params["filters"]))

The function runs in a thread of its own and rests in `report` while its epoch is judged. Its
end is the trial's end, and what it raises the trial's failure.
"""

import contextvars
import functools
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec

from search.objective.contract import Metrics
from search.objective.generators import generator_states, restore_generators
from search.objective.handover import Handover, TrialStopped
from search.objective.reported_checkpoint import ReportedCheckpoint, pack, unpack

GRACE_S = 10.0
"""How long a function may take to end once no further epoch is wanted."""

Settings = ParamSpec("Settings")


@dataclass(frozen=True)
class _Epoch:
    """What one call of `report` hands over."""

    metrics: Metrics
    checkpoint: dict[str, Any] | None
    settling: bool


class _Earlier:
    """What an interrupted trial had reported to go on from, and the random generators then."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.n_epochs: int = state["n_epochs"]
        self.generators = generator_states()
        self._folder = TemporaryDirectory(prefix="search-")
        self.checkpoint = unpack(state["checkpoint"], Path(self._folder.name))

    def close(self) -> None:
        """Remove the copy of a file or folder."""
        self._folder.cleanup()


class Report:
    """Hands over one epoch's metrics, and returns when the next epoch is wanted."""

    def __init__(self, handover: Handover[_Epoch], earlier: _Earlier | None) -> None:
        self._handover = handover
        self._earlier = earlier

    def __call__(
        self,
        metrics: Metrics,
        *,
        checkpoint: ReportedCheckpoint | None = None,
        settling: bool = False,
    ) -> None:
        """Report one finished epoch, from any thread; raises TrialStopped if none is to follow.

        Args:
            metrics: The epoch's metrics by name, as objectives yield them.
            checkpoint: All that the next epoch depends on: a mapping of tensors and plain data,
                or the path of a file or folder, which may be removed afterwards. None: an
                interrupted trial goes on from an earlier epoch that came with one, or begins
                again.
            settling: Whether the trial looks worse than it is, so that it must not be pruned.
        """
        packed = None if checkpoint is None else pack(checkpoint)
        copied = dict(metrics) if isinstance(metrics, Mapping) else metrics
        self._handover.give(_Epoch(copied, packed, settling))

    @property
    def n_epochs(self) -> int:
        """Epochs reported, those before an interruption included."""
        return self._handover.n_given + (self._earlier.n_epochs if self._earlier else 0)

    @property
    def checkpoint(self) -> Any:
        """What an interrupted trial goes on from; None for one that begins.

        It is the mapping that was reported last, or the path of a copy of the file or folder.
        Reading it puts the random generators back where they were then: read it after a model
        is made and before anything is drawn for the next epoch.
        """
        if self._earlier is None:
            return None
        if not self._handover.n_given:
            restore_generators(self._earlier.generators)
        return self._earlier.checkpoint


class ReportedTraining:
    """A function that reports, as an objective: see `search.objective.contract`.

    Args:
        train: The function, given all but its `report`.

    Attributes:
        settling: What the last report said.
    """

    def __init__(self, train: Callable[[Report], object]) -> None:
        self.settling = False
        self._train = train
        self._handover = Handover[_Epoch]()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._state: dict[str, Any] | None = None
        self._earlier: _Earlier | None = None

    def __iter__(self) -> Iterator[Metrics]:
        """Start the function and take one report after another, an epoch each."""
        if self._state is not None:
            self._earlier = _Earlier(self._state)
        report = Report(self._handover, self._earlier)
        context = contextvars.copy_context()  # what NumPy's errstate and others are kept in
        self._thread = threading.Thread(
            target=context.run,
            args=(self._run, report, _n_threads()),
            name=f"training for {threading.current_thread().name}",
            daemon=True,  # one that never ends must not keep the process
        )
        self._thread.start()
        while (epoch := self._handover.ask()) is not None:
            self.settling = epoch.settling
            given = {"checkpoint": epoch.checkpoint, "n_epochs": report.n_epochs}
            self._state = None if epoch.checkpoint is None else given
            yield epoch.metrics
        error, self._error = self._error, None
        if error is not None:
            raise error

    def state_dict(self) -> dict[str, Any] | None:
        """Give what the last report came with to go on from."""
        return self._state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Have the function find what it had reported."""
        self._state = state_dict

    def close(self) -> None:
        """Have every `report` raise `TrialStopped`, and wait a while for the function's end."""
        self._handover.close()
        if self._thread is not None:
            self._thread.join(GRACE_S)
            if self._thread.is_alive():
                warnings.warn(
                    f"a function that reports must end when `report` raises TrialStopped, this "
                    f"one still ran after {GRACE_S:g} s and was left behind in its thread",
                    RuntimeWarning,
                    stacklevel=2,
                )
        if self._earlier is not None:
            self._earlier.close()

    def _run(self, report: Report, n_threads: int | None) -> None:
        """Run the function, in its thread."""
        try:
            if n_threads is not None:
                sys.modules["torch"].set_num_threads(n_threads)
            self._train(report)
        except TrialStopped:
            pass
        except BaseException as error:  # noqa: BLE001  it is raised again where epochs are asked for
            self._error = error
        finally:
            self._handover.close()


def reporting(
    function: Callable[Concatenate[dict[str, Any], Report, Settings], object],
) -> Callable[Concatenate[dict[str, Any], Settings], ReportedTraining]:
    """Turn a function that reports its epochs into an objective.

    Args:
        function: Called once per trial with the trial's parameters, `report` and the settings;
            it calls `report` after each epoch, see `Report`.

    Returns:
        An objective: it takes what the function takes but `report`.

    Raises:
        TypeError: If the function cannot take `report`.

    Example:
        >>> @reporting
        ... def train(params, report, epochs=2):
        ...     for epoch in range(epochs):
        ...         report({"accuracy": params["x"] * epoch})
        >>> list(train({"x": 0.5}))
        [{'accuracy': 0.0}, {'accuracy': 0.5}]
    """
    signature = inspect.signature(function)
    given = list(signature.parameters.values())
    if len(given) < 2 or given[1].kind not in (
        given[1].POSITIONAL_ONLY,
        given[1].POSITIONAL_OR_KEYWORD,
    ):
        raise TypeError(
            f"a function that reports must take params and report first, {function.__name__} "
            f"takes {signature}"
        )

    @functools.wraps(function)
    def objective(
        params: dict[str, Any], /, *args: Settings.args, **settings: Settings.kwargs
    ) -> ReportedTraining:
        return ReportedTraining(lambda report: function(params, report, *args, **settings))

    parameters = [given[0], *given[2:]]
    objective.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return objective


def _n_threads() -> int | None:
    """Read how many threads torch may use here: each thread of Python has a limit of its own."""
    torch = sys.modules.get("torch")
    return None if torch is None else torch.get_num_threads()
