"""Which validation images a trial classified right at the epoch that counts, a bit an image.

Kept as a text, `N:` and base64 of the bits. base64 makes them longer by a third, which the bits of
50,000 images have back from zlib: most answers of a trained network are the same.
"""

import zlib
from base64 import b64decode, b64encode

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from search.studies import attributes


def pack_answers(answers: NDArray[np.bool_]) -> str:
    """Pack answers `(N,)` into a text for events, checkpoints and the storage."""
    bits = np.packbits(answers).tobytes()
    return f"{len(answers)}:{b64encode(zlib.compress(bits)).decode()}"


def unpack_answers(packed: str) -> NDArray[np.bool_]:
    """Give the answers `(N,)` that `pack_answers` was given."""
    n_images, _, text = packed.partition(":")
    bits = np.frombuffer(zlib.decompress(b64decode(text)), np.uint8)
    return np.unpackbits(bits, count=int(n_images)).view(np.bool_)


def read_answers(trial: FrozenTrial) -> NDArray[np.bool_] | None:
    """Read the answers of a trial that has ended; None where its objective gave none."""
    packed = trial.system_attrs.get(attributes.ANSWERS)
    return None if packed is None else unpack_answers(packed)
