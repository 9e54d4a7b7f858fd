"""The objective contract: what an objective is, and what it may offer besides.

An objective is made once per trial and then iterated: each item is one finished epoch's
metrics. A generator function is the simplest one:

    def train(params, epochs=10):
        model = build(params["filters"])
        for epoch in range(epochs):
            ...
            yield {"val_accuracy": accuracy, "val_loss": loss}

A metric is a finite number, or None where it is not defined; a non-finite number fails the
trial. An objective that takes an argument `seed` is given the trial's seed. One with the
methods of `ResumableObjective` goes on after an interruption, one with those of
`PredictingObjective` can be evaluated, and those of `ClassifyingObjective` and
`DeployableObjective` let its best network be used; what one may tell before it trains is in
`search.objective.measure`. With a static or class method `declares(**settings)` it names the
`parameters` that it takes and the `metrics` that it reports, either or both; other names in a
space file are then refused before a trial starts. It may also have, looked at after each epoch:

    settling        True while it looks worse than it is, so that it must not be pruned
    stop_reason     why it ended before its last epoch: one line, shown with the trial
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

Metrics = Mapping[str, float | int | None]
"""One epoch's metrics by name."""


class Objective(Protocol):
    """What is iterated: each item is one finished epoch's metrics."""

    def __iter__(self) -> Iterator[Metrics]:
        """Train, one epoch per item."""
        ...


class ObjectiveFactory(Protocol):
    """What an import path names: makes the objective of one trial."""

    def __call__(self, params: dict[str, Any], **settings: Any) -> Iterable[Metrics]:
        """Make the objective.

        Args:
            params: The trial's parameters.
            **settings: The space file's `settings`.

        Returns:
            An objective that has not trained yet.
        """
        ...


@runtime_checkable
class ResumableObjective(Protocol):
    """An objective that can go on from where another process left off."""

    def __iter__(self) -> Iterator[Metrics]:
        """Train from the state that is loaded, one epoch per item."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Give everything that the next epoch depends on."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        ...


@runtime_checkable
class PredictingObjective(ResumableObjective, Protocol):
    """An objective whose best epoch can be evaluated on the test split.

    It may also have `classes`: the names of the classes, in the order of the labels; and
    `images(split, indices)`: a list of Pillow images, those of a split that stand at some
    places in the order of `predict`, so that reports can show the worst classified ones.
    """

    def predict(self, split: str) -> tuple[Any, Any]:
        """Classify a split with the state that is loaded.

        Args:
            split: At least `test`; raise an exception with a true attribute `fatal` if the
                data has none.

        Returns:
            Probabilities `(N, K)`, each row sums to 1, and labels `(N,)`, 0 to K - 1.
        """
        ...


@runtime_checkable
class ClassifyingObjective(ResumableObjective, Protocol):
    """An objective whose best epoch can classify pictures.

    It may also have `classes`: the names of the classes, in the order of the probabilities.
    For `search demo` it may have, besides:

        image_shape         channels, height and width; of one channel, images can be drawn
        seen(images)        images of Pillow: those given to `classify` as the network sees them
        examples(n)         at most `n` pairs of an image of Pillow and its label, of the test
                            split; raise as `predict` does if the data has none
    """

    def classify(self, images: Sequence[Any]) -> Any:
        """Classify pictures with the state that is loaded.

        Args:
            images: `(N,)` images of Pillow, of any size and mode; raise a ValueError if one
                cannot be classified.

        Returns:
            Probabilities `(N, K)`, each row sums to 1.
        """
        ...


@runtime_checkable
class DeployableObjective(ResumableObjective, Protocol):
    """An objective whose best network can be written to a file, to be used without it.

    It may also have `classes`: the names of the classes, in the order of the probabilities.
    """

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images that the network takes."""
        ...

    def deployable(self) -> Any:
        """Copy the network in the state that is loaded, with what belongs before and after it.

        Returns:
            A `torch.nn.Module` on the CPU, in evaluation mode, without gradients: from images
            `(N, C, H, W)`, 0 to 255, to probabilities `(N, K)`. It is traced with float32, and
            takes uint8 too if it scales images before anything else, without a cast.
        """
        ...
