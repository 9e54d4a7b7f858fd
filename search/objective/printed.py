"""Metrics in what a script prints: found by patterns or as lines of JSON, gathered to epochs."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from search.errors import ObjectiveError
from search.text import shown, unknown

EPOCH = "epoch"
"""The group of a pattern, or the key of a line of JSON, that counts epochs and is no metric."""


class Found(NamedTuple):
    """Metrics in one line, and which epoch the line says it is of, if it does."""

    epoch: object
    metrics: dict[str, float | int | None]


ReadLine = Callable[[str], Found | None]
"""Finds metrics in a line; None if there are none."""


class Patterns:
    """Finds metrics in lines by regular expressions, each metric a named group.

    Args:
        patterns: As the setting `metric.pattern` gives them: one or a list.

    Raises:
        ObjectiveError: If one is none, or names no metric.
    """

    def __init__(self, patterns: object) -> None:
        given = patterns if isinstance(patterns, list) and patterns else [patterns]
        self._patterns = [_compiled(pattern) for pattern in given]
        names = [name for pattern in self._patterns for name in pattern.groupindex]
        self.metrics = [name for name in dict.fromkeys(names) if name != EPOCH]
        if not self.metrics:
            raise ObjectiveError(
                "metric.pattern: a group must name a metric, as accuracy=(?P<val_accuracy>\\S+), "
                f"got {shown(patterns)}"
            )

    def __call__(self, line: str) -> Found | None:
        """See `ReadLine`."""
        metrics: dict[str, float | int | None] = {}
        epoch: object = None
        for pattern in self._patterns:
            match = pattern.search(line)
            groups = match.groupdict() if match else {}
            epoch = groups.pop(EPOCH, None) or epoch
            for name, text in groups.items():
                value = None if text is None else number_in(text)
                if value is not None:
                    metrics[name] = value
        return Found(epoch, metrics) if metrics else None


def read_json(line: str) -> Found | None:
    """Find metrics in a line that is a JSON object: all of its numbers; see `ReadLine`."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        values = json.loads(line)
    except ValueError:
        return None
    metrics = {name: value for name, value in values.items() if _is_metric(value)}
    epoch = metrics.pop(EPOCH, values.get(EPOCH))
    return Found(epoch, metrics) if metrics else None


def reader_of(metric: object) -> ReadLine:
    """Choose how lines are read, as the setting `metric` says; None: as JSON."""
    if metric is None:
        return read_json
    if not isinstance(metric, Mapping):
        raise ObjectiveError(
            f"metric: a mapping with the key pattern must be given, got {shown(metric)}"
        )
    for name in metric:
        if name != "pattern":
            raise ObjectiveError(f"metric: {unknown('key', str(name), ['pattern'])}")
    return Patterns(metric.get("pattern"))


def epochs_in(
    lines: Iterable[str], read: ReadLine, wanted: Collection[str]
) -> Iterator[dict[str, float | int | None]]:
    """Gather the metrics of lines to epochs, each given as soon as it has all that is wanted.

    Args:
        lines: What a script prints.
        read: Finds metrics in a line.
        wanted: Names of the metrics that make an epoch whole. One that lacks some is given when
            the next one begins, or in the end; what comes late of one that was given is dropped.

    Yields:
        The metrics of each epoch.
    """
    counted: object = None
    metrics: dict[str, float | int | None] = {}
    is_given = False
    for epoch, found in filter(None, map(read, lines)):
        begins = is_given and counted is None if epoch is None else epoch != counted
        if begins:
            if metrics and not is_given:
                yield metrics
            counted, metrics, is_given = epoch, {}, False
        if is_given:
            continue
        metrics |= found
        if metrics.keys() >= set(wanted):
            is_given = True
            yield metrics
    if metrics and not is_given:
        yield metrics


def number_in(text: str) -> float | int | None:
    """Read a number as scripts print it: `0.98`, `98%` or `980/1000`; None if it is none."""
    text = text.strip().rstrip(".,;:)]")
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100
        part, slash, whole = text.partition("/")
        if slash:
            return float(part) / float(whole)
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except (ValueError, ZeroDivisionError):
        return None


def _compiled(pattern: object) -> re.Pattern[str]:
    if not isinstance(pattern, str):
        raise ObjectiveError(
            f"metric.pattern: a regular expression must be given, got {shown(pattern)}"
        )
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ObjectiveError(
            f"metric.pattern: a regular expression must be given, got {pattern!r}: {error}"
        ) from None


def _is_metric(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
