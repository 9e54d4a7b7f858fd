"""The space file as typed models: what its keys are, what each holds, the JSON schema.

Only the shape of single values is checked here; `shape` words what is wrong with it, and
`relations` looks at what must hold between values.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from search.spaces.parameters import Parameter, ScalarField, StrictModel
from search.spaces.pruners import PRUNERS
from search.spaces.samplers import SAMPLERS
from search.spaces.schema_rules import DURATION, add_rules
from search.text import format_duration, parse_duration, shown


def _exact_duration(seconds: float) -> str | float:
    text = format_duration(seconds)
    try:
        return text if parse_duration(text) == seconds else seconds
    except ValueError:
        return seconds


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(_exact_duration),
    WithJsonSchema(DURATION),
]

TRACKER_NAMES = ("tensorboard", "mlflow")
"""Viewers of other people that trials can be written for."""


def _or_plugin(names: Iterable[str]) -> dict[str, Any]:
    """Describe a name to editors: one of ours, or `package.module:name`."""
    return {"anyOf": [{"enum": [*names]}, {"pattern": r"^[\w.]+:\w+$"}]}


def study_name(name: str) -> str:
    """Accept a study's name if it can be the name of a folder."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{,99}", name) or ".." in name:
        raise ValueError(
            "a study's name must be up to 100 letters, digits, '.', '_' and '-', not start with "
            f"'.' or '-' and not contain '..', got {name!r}"
        )
    return name


def _gpus(value: object) -> object:
    if value == "auto":
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
        return float(value)
    raise ValueError(f"'auto' or a number of at least 0 must be given, got {value!r}")


def _storage(value: str) -> str:
    if value in {"journal", "sqlite"} or re.match(r"[a-z0-9+]+://", value):
        return value
    raise ValueError(f"journal, sqlite or the URL of a database must be given, got {shown(value)}")


def _storage_path(value: object) -> object:
    if isinstance(value, str) and "\0" in value:
        raise ValueError(f"a folder's name must have no NUL character, got {shown(value)}")
    if not isinstance(value, str) or not value or "://" in value:
        return value
    try:
        return str(Path(value).expanduser().absolute())
    except RuntimeError:
        raise ValueError(
            f"a folder, or the URL of a bucket, must be given, got {shown(value)}: there is no "
            "such user"
        ) from None


def _keep(value: object) -> object:
    if value in ("all", "none"):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"a number of trials, 'all' or 'none' must be given, got {shown(value)}")


GpusField = Annotated[
    float | Literal["auto"],
    PlainValidator(_gpus),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "number", "minimum": 0}]}),
]


class MetricSpec(StrictModel):
    """What is optimised."""

    name: str = Field(description="A metric that the objective reports each epoch.")
    direction: Literal["maximize", "minimize"] = Field(description="Which way is better.")
    reduce: Literal["best", "last"] = Field(
        default="best",
        description="Whether a trial's value is that of its best epoch or of its last. Of several "
        "metrics, the first decides for all.",
    )


class BudgetSpec(StrictModel):
    """When a run ends: at whichever limit is reached first."""

    trials: int | None = Field(default=None, description="Number of trials.", gt=0)
    time: Duration | None = Field(default=None, description="Wall time of the run: 90s, 30m, 1h.")
    trial_time: Duration | None = Field(
        default=None, description="Time limit of one trial, checked after each epoch."
    )
    until: Literal["no_gain"] | None = Field(
        default=None,
        description="no_gain: end before the budget is spent, once the next trials are expected "
        "to gain less than the standard error of the best value.",
    )


class _Named(StrictModel):
    """A section of which `name` chooses one of several, each with options of its own."""

    model_config = ConfigDict(extra="allow")

    @property
    def options(self) -> dict[str, Any]:
        """Its own options: the further keys."""
        return dict(self.model_extra or {})


class SamplerSpec(_Named):
    """Which sampler proposes parameters; further keys are its own options."""

    name: str = Field(
        default="forest",
        json_schema_extra=_or_plugin(SAMPLERS),
        description="Which sampler; package.module:name of a subclass of Optuna's BaseSampler "
        "will do, too. Where there are several metrics the default is tpe.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        description="The study's seed, from which those of the sampler and of every trial follow.",
    )


class PrunerSpec(_Named):
    """Which pruner stops unpromising trials; further keys are its own options."""

    name: str = Field(
        default="asha",
        json_schema_extra=_or_plugin(PRUNERS),
        description="Which pruner; package.module:name of a subclass of Optuna's BasePruner will "
        "do, too.",
    )
    min_epochs: int = Field(default=1, ge=1, description="No trial is pruned before this epoch.")


class ResourcesSpec(StrictModel):
    """What one trial gets; the number of workers follows from it."""

    cpus_per_trial: float = Field(
        default=1, gt=0, allow_inf_nan=False, description="CPU cores of one trial."
    )
    gpus_per_trial: GpusField = Field(
        default="auto",
        description="GPUs of one trial, fractions allowed; auto: 1 if there is one.",
    )
    workers: int | None = Field(
        default=None, gt=0, description="Trials at the same time; by default as many as fit."
    )


class FailuresSpec(StrictModel):
    """How many failures are tolerated."""

    max_retries: int = Field(
        default=2, ge=0, description="How often a trial is resumed after its worker has died."
    )
    max_failures: int = Field(
        default=5,
        gt=0,
        description="Number of failed trials in a row, all for the same reason, that ends the "
        "run; infeasible and diverging ones do not count.",
    )


KeepField = Annotated[
    int | Literal["all", "none"],
    PlainValidator(_keep),
    WithJsonSchema({"anyOf": [{"enum": ["all", "none"]}, {"type": "integer", "minimum": 0}]}),
]


class Spec(StrictModel):
    """One search: everything a space file says."""

    study: Annotated[str, AfterValidator(study_name)] = Field(
        description="The study's name: a folder below studies/."
    )
    objective: str = Field(
        description="Import path of the objective, package.module:name; or command, which runs a "
        "script as it is."
    )
    settings: dict[str, Any] = Field(
        default={}, description="Keyword arguments passed to the objective unchanged."
    )
    metrics: list[MetricSpec] = Field(
        min_length=1,
        description="Several metrics, in place of `metric`. The first one decides which epoch "
        "of a trial counts and which trials are pruned.",
    )
    budget: BudgetSpec
    sampler: SamplerSpec = SamplerSpec()
    pruner: PrunerSpec = PrunerSpec()
    resources: ResourcesSpec = ResourcesSpec()
    failures: FailuresSpec = FailuresSpec()
    parameters: dict[str, Parameter] = Field(min_length=1)
    constraints: list[str] = Field(
        default=[],
        description="Expressions over parameters and over what the objective measures that "
        "every trial must satisfy.",
    )
    storage: Annotated[str, AfterValidator(_storage)] = Field(
        default="journal",
        description="Where trials are recorded: journal or sqlite (a file in the study's "
        "folder), or the URL of a database as Optuna takes it.",
    )
    storage_patience: Duration = Field(
        default=60.0,
        description="For how long a database that has gone away, or a locked file, is waited for "
        "before the run ends, resumable.",
    )
    storage_path: Annotated[str | None, BeforeValidator(_storage_path)] = Field(
        default=None,
        min_length=1,
        description="Where checkpoints are kept: a folder that all nodes share, or the URL of a "
        "bucket (s3://bucket/prefix, gs://…); by default the study's folder.",
    )
    keep: KeepField = Field(
        default=3,
        description="How many of the best complete trials keep their best checkpoint: a number, "
        "all or none.",
    )
    trackers: list[Annotated[str, WithJsonSchema(_or_plugin(TRACKER_NAMES))]] = Field(
        default=[],
        description="Viewers that trials are also written for: tensorboard, mlflow, or "
        "package.module:name of a tracker.",
    )
    start_from: list[dict[str, ScalarField]] = Field(
        default=[], description="Known good points, tried first; what they leave out is sampled."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_metric(cls, data: Any) -> Any:
        """Take a single `metric` for a list of one."""
        if not isinstance(data, dict) or "metric" not in data or "metrics" in data:
            return data
        others = {key: value for key, value in data.items() if key != "metric"}
        return {**others, "metrics": [data["metric"]]}

    @model_validator(mode="before")
    @classmethod
    def _choose_sampler(cls, data: Any) -> Any:
        """Search for several metrics with a sampler that can, where none is named."""
        if not isinstance(data, dict) or not isinstance(data.get("metrics"), list):
            return data
        sampler = data.get("sampler", {})
        if len(data["metrics"]) < 2 or not isinstance(sampler, dict) or "name" in sampler:
            return data
        return {**data, "sampler": {"name": "tpe", **sampler}}

    @model_serializer(mode="wrap")
    def _write_metric(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write a list of one as `metric`."""
        data: dict[str, Any] = write(self)
        if len(data.get("metrics", [])) != 1:
            return data
        (metric,) = data["metrics"]
        return {
            ("metric" if key == "metrics" else key): (metric if key == "metrics" else value)
            for key, value in data.items()
        }

    @property
    def metric(self) -> MetricSpec:
        """The metric that ranks trials: the only one, or the first of several."""
        return self.metrics[0]

    @property
    def epochs(self) -> int | None:
        """Epochs of a full trial as `settings.epochs` says, None if it does not."""
        epochs = self.settings.get("epochs")
        return epochs if isinstance(epochs, int) and not isinstance(epochs, bool) else None


def json_schema() -> dict[str, Any]:
    """Describe the space file for editors, as a JSON schema (draft 2020-12)."""
    schema = Spec.model_json_schema()
    schema["required"].remove("metrics")
    schema["oneOf"] = [{"required": ["metric"]}, {"required": ["metrics"]}]
    properties = {}
    for key, value in schema["properties"].items():
        if key == "metrics":
            properties["metric"] = {"$ref": "#/$defs/MetricSpec"}
        properties[key] = value
    schema["properties"] = properties
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **add_rules(schema)}
