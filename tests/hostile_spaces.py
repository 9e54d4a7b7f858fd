"""Space files as an attacker would write them: what each gets for an answer."""

from collections.abc import Callable

_HEAD = """\
study: toy
objective: toy_objective:train
settings: {settings}
metric: {{name: {metric}, direction: maximize}}
budget: {{trials: 4}}
{extra}
parameters:
{parameters}
"""
RATE = "  rate: {type: float, low: 0, high: 1}"


def space(
    parameters: str = RATE, settings: str = "{}", extra: str = "keep: 3", metric: str = "score"
) -> str:
    """Write a space file around what is hostile of it."""
    return _HEAD.format(parameters=parameters, settings=settings, extra=extra, metric=metric)


def _laughs(n_levels: int, width: int) -> str:
    lines = ["  a0: &a0 [x]"]
    lines += [
        f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, n_levels + 1)
    ]
    return "\n" + "\n".join(lines)


def _parameters(n: int, form: str = "type: categorical, choices: [a, b]") -> str:
    return "\n".join(f"  p{i}: {{{form}}}" for i in range(n))


def _chain(n: int) -> str:
    first, *others = _parameters(n).splitlines()
    return "\n".join(
        [first, *(f"{line[:-1]}, when: {{p{i}: a}}}}" for i, line in enumerate(others))]
    )


def _range(low: object, high: object, more: str = "", kind: str = "int") -> str:
    return f"  n: {{type: {kind}, low: {low}, high: {high}{more}}}"


_TOO_MANY = "at most 10,000 values must be given, aliases written out"
_TOO_LONG = "a space file must have at most 400,000 characters, got more"
_EXACT = "a whole number from -9007199254740992 to 9007199254740992 must be given"
_BITS = "a whole number of at most 64 bits must be given, got one of"
_NAME = "metric.name: a metric's name must be one line of 1 to 200 characters that print, got"
_RULE = "metric.name: a metric must not be named as another column of tables, got"

REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    # What takes long, or much.
    "laughs in settings": (lambda: space(settings=_laughs(9, 9)), f":4:12: {_TOO_MANY}"),
    "laughs at the top": (
        lambda: _laughs(9, 9).replace("\n  ", "\n") + "\n" + space(),
        f":2:5: {_TOO_MANY}",
    ),
    "100,000 choices": (
        lambda: space(f"  c: {{type: categorical, choices: {[*range(100_000)]}}}"),
        f": {_TOO_LONG}",
    ),
    "20,000 choices": (
        lambda: space(f"  c: {{type: categorical, choices: {[*range(20_000)]}}}"),
        f":8:128737: {_TOO_MANY}",
    ),
    "5,000 choices": (
        lambda: space(f"  c: {{type: categorical, choices: {[*range(5_000)]}}}"),
        ":8:35: parameters.c.choices: at most 1,000 choices must be given, got 5,000",
    ),
    "1,200 parameters": (
        lambda: space(_parameters(1_200)),
        ":8:3: parameters: at most 100 parameters must be given, got 1,200",
    ),
    "conditions 1,500 deep": (lambda: space(_chain(1_500)), f":1435:39: {_TOO_MANY}"),
    "conditions 500 deep": (
        lambda: space(_chain(500)),
        ":8:3: parameters: at most 100 parameters must be given, got 500",
    ),
    "values of a condition": (
        lambda: space(
            "  c: {type: categorical, choices: [a, b]}\n"
            f"  x: {{type: float, low: 0, high: 1, when: {{c: [{', '.join(['a'] * 5_000)}]}}}}"
        ),
        ":9:47: parameters.x.when.c: at most 1,000 values must be given, got 5,000",
    ),
    "nested without end": (
        lambda: space(settings="{a: " + "[" * 2_000 + "]" * 2_000 + "}"),
        ":3:114: values must be nested at most 100 deep",
    ),
    "brackets": (lambda: "[" * 300_000, ":1:102: values must be nested at most 100 deep"),
    "long constraints": (
        lambda: space(extra=f"constraints: {['rate < 1'] * 1_000}"),
        ":6:14: constraints: at most 5,000 characters must be given, got 8,000",
    ),
    "points of a grid": (
        lambda: space(_range(0, 10**12), extra="sampler: {name: grid}"),
        ":6:17: sampler.name: grid lists every point; at most 100,000 must be there before "
        "constraints, got more",
    ),
    "rungs of asha": (
        lambda: space(extra="pruner: {name: asha, min_early_stopping_rate: 1000000000}"),
        ":6:1: pruner: min_early_stopping_rate must be at most 60, got 1000000000",
    ),
    # Numbers that are no longer exact, or no longer finite.
    "beyond 2**53": (
        lambda: space(_range(0, 2**53 + 1)),
        f":8:32: parameters.n.high: {_EXACT}, got 9007199254740993",
    ),
    "beyond 2**63, log": (
        lambda: space(_range(1, 2**63, ", log: true")),
        f":8:32: parameters.n.high: {_EXACT}, got 9223372036854775808",
    ),
    "beyond 2**64": (lambda: space(_range(0, 2**64)), f":8:32: parameters.n.high: {_BITS} 65"),
    "400 digits": (
        lambda: space(settings=f"{{epochs: {10**400}}}"),
        f":3:20: settings.epochs: {_BITS} 1,329",
    ),
    "seconds beyond floats": (
        lambda: space().replace("trials: 4", f"time: {10**400}"),
        f":5:16: budget.time: {_BITS} 1,329",
    ),
    "digits in base 16": (
        lambda: space(settings=f"{{epochs: 0x{'F' * 9_000}}}"),
        f":3:20: settings.epochs: {_BITS} 36,000",
    ),
    "no number among choices": (
        lambda: space("  c: {type: categorical, choices: [.nan, 1]}"),
        ":8:36: parameters.c.choices[0]: a number must be one, got nan",
    ),
    "span beyond floats": (
        lambda: space(_range(-1.7e308, 1.7e308, kind="float")),
        ":8:6: parameters.n: high - low must be a finite number, got low=-1.7e+308, high=1.7e+308",
    ),
    "ratio beyond floats": (
        lambda: space(_range(5e-324, 1.7e308, ", log: true", "float")),
        ":8:6: parameters.n: high / low must be a finite number, got low=5e-324, high=1.7e+308",
    ),
    "step of nothing": (
        lambda: space(_range(0, 1, ", step: 1e-320", "float")),
        ":8:6: parameters.n: step must divide high - low, got low=0.0, high=1.0, step=1e-320",
    ),
    "steps without end": (
        lambda: space(_range(0, 1, ", step: 1e-12", "float")),
        ":8:43: parameters.n.step: high - low <= 1,000,000 steps must hold, got low=0.0, "
        "high=1.0, step=1e-12",
    ),
    "hyperband that keeps all": (
        lambda: space(extra="pruner: {name: hyperband, reduction_factor: 1}"),
        ":6:1: pruner: reduction_factor must be at least 2, got 1",
    ),
    # Texts that are none, or rule a terminal.
    "half a character": (
        lambda: space('  c: {type: categorical, choices: ["\\ud800", b]}'),
        ":8:36: parameters.c.choices[0]: a text must be Unicode, got '\\ud800'",
    ),
    "half a character as a key": (
        lambda: '"\\ud800": 1\n' + space(),
        ":1:1: a text must be Unicode, got '\\ud800'",
    ),
    "escapes in a metric": (lambda: space(metric='"\\e[31mx"'), f":4:16: {_NAME} '\\x1b[31mx'"),
    "a metric of two lines": (lambda: space(metric='"a\\nb"'), f":4:16: {_NAME} 'a\\nb'"),
    "a metric without a name": (lambda: space(metric="''"), f":4:16: {_NAME} ''"),
    "a metric named as a column": (
        lambda: space(metric="epoch"),
        f":4:16: {_RULE} 'epoch'; 'own_epoch' would do",
    ),
    "a metric named as a parameter": (
        lambda: space(metric="params_rate"),
        f":4:16: {_RULE} 'params_rate'; 'own_params_rate' would do",
    ),
    # What is not there, or does not come back.
    "nobody's home": (
        lambda: space(extra="storage_path: ~nouser/x"),
        ":6:15: storage_path: a folder, or the URL of a bucket, must be given, got '~nouser/x': "
        "there is no such user",
    ),
    "a folder that ends early": (
        lambda: space(extra='storage_path: "a\\0b"'),
        ":6:15: storage_path: a folder's name must have no NUL character, got 'a\\x00b'",
    ),
    "a sampler that exits": (
        lambda: space(extra="sampler: {name: 'exits:train'}"),
        ":6:17: sampler.name: the module 'exits' must import without an error, got SystemExit: 7",
    ),
    "an objective that exits": (
        lambda: space(extra="constraints: ['n_parameters < 3']").replace("toy_objective", "exits"),
        ":2:12: objective: the module 'exits' must import without an error, got SystemExit: 7",
    ),
}
"""By name: the text, and the whole message after the file's name."""

ACCEPTED: dict[str, Callable[[], str]] = {
    "2**53": lambda: space(_range(-(2**53), 2**53)),
    "2**53, log": lambda: space(_range(1, 2**53, ", log: true")),
    "10**12 with a constraint": lambda: space(_range(0, 10**12), extra="constraints: ['n > 9']"),
    "few of 10**8 points": lambda: space(_range(0, 10**8), extra="constraints: ['n > 90000000']"),
    "steps of 1e-13": lambda: space(_range(0, 1e-12, ", step: 1e-13", "float")),
    "a million steps": lambda: space(_range(0, 1, ", step: 1e-6", "float")),
    "next to nothing": lambda: space(_range(0, 5e-324, kind="float")),
    "1,000 choices": lambda: space(
        f"  c: {{type: categorical, choices: {[f'x{i}' for i in range(1_000)]}}}"
    ),
    "100 parameters": lambda: space(_parameters(100)),
    "conditions 100 deep": lambda: space(_chain(100)),
    "5,000 known points": lambda: space(extra=f"start_from: {[{'rate': 0.5}] * 3_000}"),
    "markup": lambda: space("  c: {type: categorical, choices: ['[/]', '[red]x', ':smile:']}"),
    "escapes": lambda: space(
        '  c: {type: categorical, choices: ["\\e[31mred", "\\0", "a\\nb", "\\u202e", "a\\tb"]}'
    ),
    "halves that make a whole": lambda: space(
        '  c: {type: categorical, choices: ["\\ud83d\\ude00", b]}'
    ),
    "an anchor twice": lambda: space(settings="{a: &x 1, b: &x 2, c: *x}"),
    "an objective that exits later": lambda: space().replace("toy_objective", "exits"),
}
"""Odd, but right."""
