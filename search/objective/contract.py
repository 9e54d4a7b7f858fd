"""The objective contract: what an objective is, and what it may offer besides.

An objective is made once per trial and then iterated: each item is one finished epoch's
metrics. A generator function is the simplest one:

    def train(params, epochs=10):
        model = build(params["filters"])
        for epoch in range(epochs):
            ...
            yield {"val_accuracy": accuracy, "val_loss": loss}

A metric is a finite number, an array or a tensor of one element, or None where it is not
defined; a non-finite number fails the trial. Its name is one line, and not that of another
column of tables, such as `epoch` or `value`. An objective that takes an argument `seed` is
given the trial's seed; one that takes `split_seed` is given, where `search confirm` repeats a
trial, the seed of a new split into training and validation images, and else nothing. It may have
eight members besides:

    state_dict(), load_state_dict(state)
                    lets a trial go on after an interruption, and be used after it ended
    classifier()    the network in the state that is loaded, to be used: see `Classifier`
    measure(params, **settings)
                    static: numbers by name about a point, such as `n_parameters`; usable in
                    `constraints`. The objective is imported only where they are
    describe(**settings)
                    static: what can be told without training: see `Facts`
    settling        looked at after each epoch: True while the trial looks worse than it is, so
                    that it must not be pruned
    answers         looked at after each epoch: `(N,)` booleans, whether each validation image was
                    classified right; see below
    predictions     looked at after each epoch: probabilities `(N, K)`, each row sums to 1, and
                    labels `(N,)`, 0 to K - 1, of the validation images; see below
    stop_reason     looked at in the end: why it ended before its last epoch, in one line

`answers` are kept of the epoch that counts, so that it can be told what a difference between two
trials is worth. They are any array-like of booleans, or of 0 and 1, on the CPU, in the order of
the validation images. For the same data settings these must be the same images in the same order
in every trial and epoch, whatever the seed: an image's answers in two trials are compared by its
place. Of trials with other data settings they cannot be compared. None, or no such member, where
there are none.

`predictions` do the same for a metric that is a loss (mean negative log likelihood in nats), F1 or
AUROC (means over classes), if its name is `loss`, `f1` or `auroc`, or ends in `_` and that, and it
follows from them. They are a pair of array-likes on the CPU, of the same images in the same order
as `answers`, and lie in the checkpoints: an objective without `state_dict` keeps none, and a trial
only as long as its `best.pt`.

If it has Python's `close()`, as generators do, that is called when the trial is over.

An error whose class has a true attribute `fatal` is one of the settings or the data: no trial
can do better, so it ends the run, and its text is shown without a traceback. One with a true
attribute `infeasible` says that these parameters make no valid model.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypedDict, runtime_checkable

Metrics = Mapping[str, float | int | None]
"""One epoch's metrics by name."""

ClassCounts = Mapping[str, Mapping[str, int]]
"""Images by class and split."""


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


class Classifier(Protocol):
    """A trained network to be used; what `objective.classifier()` gives.

    Every member may be left out: what needs it is then not offered. `search evaluate` needs
    `predict`, `search predict` and `search demo` need `classify`, `search export-model` needs
    `deployable` and `image_shape`; the others make these more useful.
    """

    @property
    def classes(self) -> Sequence[str]:
        """Names of the K classes, in the order of the labels; numbers without it."""
        ...

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images; of one channel, people can draw some."""
        ...

    def predict(self, split: str) -> tuple[Any, Any]:
        """Classify a split.

        Args:
            split: At least `test`; raise an exception with a true attribute `fatal` if the
                data has none.

        Returns:
            Probabilities `(N, K)`, each row sums to 1, and labels `(N,)`, 0 to K - 1.
        """
        ...

    def images(self, split: str, indices: Sequence[int]) -> Sequence[Any]:
        """Give images of a split, so that reports can show the worst classified ones.

        Args:
            split: The split.
            indices: `(N,)`, places in the order of `predict`.

        Returns:
            `(N,)` images of Pillow.
        """
        ...

    def classify(self, images: Sequence[Any]) -> Any:
        """Classify images that belong to no split.

        Args:
            images: `(N,)` images of Pillow, of any size and mode; raise a ValueError if one
                cannot be classified.

        Returns:
            Probabilities `(N, K)`, each row sums to 1.
        """
        ...

    def seen(self, images: Sequence[Any]) -> Sequence[Any]:
        """Show images given to `classify` as the network sees them.

        Args:
            images: As for `classify`.

        Returns:
            `(N,)` images of Pillow.
        """
        ...

    def examples(self, n: int) -> Sequence[tuple[Any, int]]:
        """Give some images of the test split; raise as `predict` does if the data has none.

        Args:
            n: How many at most.

        Returns:
            Images of Pillow and their labels.
        """
        ...

    def deployable(self) -> Any:
        """Copy the network with what belongs before and after it.

        Returns:
            A `torch.nn.Module` on the CPU, in evaluation mode, without gradients: from images
            `(N, C, H, W)`, 0 to 255, to probabilities `(N, K)`. It is traced with float32, and
            takes uint8 too if it scales images before anything else, without a cast.
        """
        ...


class Facts(TypedDict, total=False):
    """What `describe(**settings)` may tell; a fact that takes time is given as a function.

    All but `layers` may be plain values or functions without arguments, which are called only
    when that fact is asked for.
    """

    parameters: Iterable[str] | Callable[[], Iterable[str]]
    """Names of all parameters that it takes; others in a space file are then refused."""
    metrics: Iterable[str] | Callable[[], Iterable[str]]
    """Names of all metrics that it may report, likewise."""
    class_counts: ClassCounts | Callable[[], ClassCounts]
    """For each class, how many images each split has of it."""
    n_split: int | Callable[[], int]
    """How many images `split_seed` divides into training and validation; 0 where that is given."""
    notes: Iterable[str] | Callable[[], Iterable[str]]
    """Sentences on what is odd about the images."""
    layers: Callable[[dict[str, Any]], str]
    """From a trial's parameters, a table of its network's layers."""
