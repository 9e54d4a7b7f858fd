"""Goes on with a study in another space: what changes, and which trials fit it.

A changed space gets a study of Optuna's own beside the old one, which stays as it was, with
every trial under its number. Trials that fit are carried over whole. The others are FAIL for
Optuna, which keeps them from its samplers and pruners, and what they really were for us.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from search.errors import StudyError
from search.spaces.optuna_privates import FIXED_PARAMS, RUNG_NOTES
from search.spaces.parameters import Parameter, Scalar
from search.spaces.space import Space, holds_value
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.driver import StudyDriver, save_space
from search.studies.folder import space_file_name
from search.studies.queue import translated
from search.studies.storage import create_next_version, space_version


def space_diff(old: Spec, new: Spec) -> list[str]:
    """Say how two searches differ, a line each: `+` is new, `-` is gone, `~` has changed."""
    return [
        *_differences("parameters.", _parts(old.parameters), _parts(new.parameters)),
        *_differences("", _sections(old), _sections(new)),
    ]


def check_change(old: Spec, new: Spec) -> None:
    """Refuse a search whose trials could not be compared with the old ones."""
    several = len(old.metrics) > 1 or len(new.metrics) > 1
    for name in ("objective", "metrics" if several else "metric"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            raise StudyError(
                f"--space: {name} must stay as it is, so that trials can be compared; got "
                f"{_text(after)}, it was {_text(before)}; start a new study by `search run`"
            )
    for name in new.parameters.keys() - old.parameters.keys():
        parameter = new.parameters[name]
        if "default" not in parameter.model_fields_set and not parameter.when:
            raise StudyError(
                f"--space: parameters.{name}: a new parameter must have a default, the value it "
                "had in the trials so far, as in `default: 0.1`"
            )


def change_space(study: StudyDriver, spec: Spec, import_folders: Sequence[str]) -> StudyDriver:
    """Go on with a study in another space; only its driver may call it.

    Args:
        study: The study.
        spec: The search; it keeps the study's name and storage.
        import_folders: Where its objective may lie, besides where it lay so far.

    Returns:
        The same study in that space. Until all of it is written, the study is as it was.
    """
    check_change(study.spec, spec)
    kept = {"study": study.spec.study, "storage": study.spec.storage}
    spec = spec.model_copy(update=kept)
    trials = study.optuna_study.get_trials(deepcopy=False)
    carried = _carried_trials(trials, Space.of(spec), study.version)
    created = create_next_version(study.optuna_study, carried)
    folders = list(dict.fromkeys([*import_folders, *study.import_folders]))
    created.set_user_attr(attributes.IMPORT_FOLDERS, folders)
    path = study.folder / space_file_name(space_version(created))
    save_space(spec, path)
    created.set_user_attr(attributes.WHOLE, True)
    return StudyDriver(study.folder, spec, created)


def n_informing(study: StudyDriver) -> int:
    """Count the trials that have completed or were pruned in a study's present space."""
    states = [TrialState.COMPLETE, TrialState.PRUNED]
    return len(study.optuna_study.get_trials(deepcopy=False, states=states))


def _carried_trials(
    trials: list[FrozenTrial], space: Space, version: int
) -> Iterator[FrozenTrial]:
    """Translate each trial of a study into a changed space, under the same number."""
    for trial in trials:
        params = translated(trial.params, space)
        ended_elsewhere = attributes.EARLIER in trial.user_attrs
        if trial.state is TrialState.WAITING:
            yield _waiting(trial, space)
        elif not ended_elsewhere and space.contains(params):
            yield _fitting(trial, params, space, version)
        else:
            yield _unfitting(trial, version)


def _fitting(
    trial: FrozenTrial, params: dict[str, Scalar], space: Space, version: int
) -> FrozenTrial:
    kept = {k: v for k, v in trial.system_attrs.items() if _is_kept(k)}
    return create_trial(
        state=trial.state,
        values=trial.values if trial.state is TrialState.COMPLETE else None,
        params=params,
        distributions={name: space.distributions[name] for name in params},
        intermediate_values=trial.intermediate_values,
        user_attrs={attributes.SPACE_VERSION: version, **trial.user_attrs},
        system_attrs=kept,
    )


def _is_kept(key: str) -> bool:
    """Tell whether something is of the trial itself, or a pruner or sampler goes by it."""
    return _is_result(key) or key.startswith(RUNG_NOTES) or key == attributes.GENERATION


def _is_result(key: str) -> bool:
    """Tell whether something was reported of the trial."""
    return key.startswith(attributes.EPOCH) or key == attributes.ANSWERS


def _unfitting(trial: FrozenTrial, version: int) -> FrozenTrial:
    state = "FAIL" if trial.state is TrialState.RUNNING else trial.state.name
    attrs = {
        attributes.SPACE_VERSION: version,
        attributes.EARLIER: {"state": state, "params": trial.params},
        **trial.user_attrs,
    }
    if trial.state is TrialState.RUNNING:
        reason = "its parameters are not in the changed space"
        attrs[attributes.FAILURE] = {"kind": "interrupted", "reason": reason}
    results = {k: v for k, v in trial.system_attrs.items() if _is_result(k)}
    return create_trial(
        state=TrialState.FAIL,
        intermediate_values=trial.intermediate_values,
        user_attrs=attrs,
        system_attrs=results,
    )


def _waiting(trial: FrozenTrial, space: Space) -> FrozenTrial:
    """Keep a point in the queue, or what of it still makes sense."""
    fixed = {**trial.system_attrs.get(FIXED_PARAMS, {}), **trial.params}
    known = {
        name: value
        for name, value in fixed.items()
        if name in space.parameters and holds_value(space.distributions[name], value)
    }
    return create_trial(
        state=TrialState.WAITING,
        user_attrs=trial.user_attrs,
        system_attrs={FIXED_PARAMS: known},
    )


def _parts(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    return {
        name: _text({"type": p.type, **p.model_dump(exclude_defaults=True)})
        for name, p in parameters.items()
    }


def _sections(spec: Spec) -> dict[str, str]:
    sections = spec.model_dump(exclude={"parameters", "study", "storage"}, exclude_defaults=True)
    return {name: _text(section) for name, section in sections.items()}


def _differences(prefix: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"- {prefix}{name}: {old[name]}"
        elif name not in old:
            yield f"+ {prefix}{name}: {new[name]}"
        elif old[name] != new[name]:
            yield f"~ {prefix}{name}: {old[name]} → {new[name]}"


def _text(value: Any) -> str:
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
