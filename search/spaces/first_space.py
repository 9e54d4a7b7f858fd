"""What `search init` writes: the first space file of a folder, commented and ready to run."""

import json
from pathlib import Path

from search.errors import SearchError
from search.spaces.shipped_spaces import shipped_space
from search.spaces.spec import json_schema

SCHEMA_FILE = "space.schema.json"
"""Beside a space file: by what editors check it, wherever the two are taken together."""

_HEADER = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"

_SPACE = """\
#
# NETWORK
#
#   search check mine.yaml --try        # validate it and run one epoch
#   search run mine.yaml
#   search run mine.yaml --set budget.trials=50
#
# Any key can be overridden as the third line does. Editors check and complete this file by the
# schema beside it, which `search schema > space.schema.json` renews.
study: mine                             # name of the study: the folder studies/mine
OBJECTIVE
budget: {trials: 20, time: 10m}         # ends at whichever is reached first
sampler: {name: forest, seed: 0}        # proposes points; also tpe, gp, random, grid, ...
pruner: {name: asha, min_epochs: 2}     # ends weak trials early; none lets each run to its end
resources: {cpus_per_trial: 1, gpus_per_trial: auto}
parameters:
PARAMETERS
"""

_CLASSIFIER = {
    "NETWORK": "Convolution networks for scikit-learn's handwritten digits.",
    "OBJECTIVE": """\
objective: objectives.image_classifier:ImageClassifier    # or your own: package.module:name
settings:                               # handed to the objective as they are
  model: small_cnn
  data: {name: digits}                  # yours, a folder a class: {name: image_folder, path: pets}
  epochs: 10
metric: {name: val_accuracy, direction: maximize}""",
    "PARAMETERS": """\
  filters:       {type: categorical, choices: [8, 16, 32]}
  kernel_size:   {type: int, low: 1, high: 5, step: 2}
  optimizer:     {type: categorical, choices: [adamw, sgd]}
  momentum:      {type: float, low: 0.5, high: 0.99, when: {optimizer: sgd}}    # only with sgd
  learning_rate: {type: float, low: 1e-4, high: 3e-2, log: true}
constraints:                            # over parameters and what the objective measures
  - n_parameters <= 50000
start_from:                             # known good points, tried first
  - {filters: 16, kernel_size: 3, optimizer: adamw, learning_rate: 1e-3}""",
}
_OWN = {
    "NETWORK": "The objective in mine.py: a linear classifier of handwritten digits.",
    "OBJECTIVE": """\
objective: mine:train                   # the function `train` in mine.py, beside this file
settings: {epochs: 10}                  # handed to it as keyword arguments
metric: {name: val_accuracy, direction: maximize}         # one of those that it reports""",
    "PARAMETERS": """\
  alpha:   {type: float, low: 1e-6, high: 1e-1, log: true}
  penalty: {type: categorical, choices: [l1, l2]}""",
}
_OBJECTIVE = '''\
"""Called once per trial with its parameters; each item is one finished epoch's metrics."""

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split


def train(params, epochs=10, seed=0):
    x, x_val, y, y_val = train_test_split(*load_digits(return_X_y=True), random_state=0)
    model = SGDClassifier(alpha=params["alpha"], penalty=params["penalty"], random_state=seed)
    for epoch in range(epochs):
        model.partial_fit(x, y, classes=range(10))
        yield {"val_accuracy": model.score(x_val, y_val)}
'''


def write_first_space(
    folder: Path, shipped: str | None = None, with_objective: bool = False
) -> list[Path]:
    """Write a space file into a folder, which is made if it is missing.

    The schema is copied beside it: an address in the installed package would be wrong on another
    machine, or with the next environment.

    Args:
        folder: Where to.
        shipped: The space to copy, of those that come with this program; None for a short one.
        with_objective: Whether an objective of one's own is written, too.

    Returns:
        The files that were written, the space file first.

    Raises:
        SearchError: If one of them exists, or the folder cannot be written.
    """
    texts = _copied(shipped) if shipped else _short(with_objective)
    schema = folder / SCHEMA_FILE
    for name in texts:
        if (folder / name).exists():
            raise SearchError(
                f"{folder / name}: exists, and nothing is overwritten; valid: another folder, as "
                "search init FOLDER"
            )
    if not schema.exists():  # one that is there is as good, or somebody's own
        texts[SCHEMA_FILE] = json.dumps(json_schema(), indent=2) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SearchError(f"{folder}: the folder must be writable, got {error}") from None
    return [folder / name for name in texts]


def _short(with_objective: bool) -> dict[str, str]:
    text = _SPACE
    for place, part in (_OWN if with_objective else _CLASSIFIER).items():
        text = text.replace(place, part)
    return {"mine.yaml": _HEADER + text, **({"mine.py": _OBJECTIVE} if with_objective else {})}


def _copied(name: str) -> dict[str, str]:
    path = shipped_space(name)
    _, _, text = path.read_text(encoding="utf-8").partition("\n")
    return {path.name: _HEADER + text.replace(f"spaces/{path.name}", path.name)}
