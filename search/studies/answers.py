"""Which validation images a trial classified right, as the storage keeps it: one bit an image."""

import base64

import numpy as np
from numpy.typing import NDArray


def pack_answers(answers: NDArray[np.bool_]) -> str:
    """Write `(N,)` answers as their number and their bits."""
    return f"{len(answers)}:{base64.b64encode(np.packbits(answers).tobytes()).decode()}"


def unpack_answers(text: str) -> NDArray[np.bool_]:
    """Read what `pack_answers` wrote."""
    count, _, bits = text.partition(":")
    packed = np.frombuffer(base64.b64decode(bits), dtype=np.uint8)
    return np.unpackbits(packed, count=int(count)).astype(np.bool_)
