"""A few test images, for people to look at."""

from dataclasses import replace
from itertools import chain, islice, zip_longest

import numpy as np
from PIL import Image

from objectives.data import load_test_split
from objectives.images import DataSettings
from objectives.pictures import as_picture
from objectives.sources import KNOWN_SHAPES


def some_examples(settings: DataSettings, n: int) -> list[tuple[Image.Image, int]]:
    """Take some images of the test split, as their source has them.

    Args:
        settings: Which images.
        n: How many at most.

    Returns:
        Images and labels: the first of each class, then the second of each, and so on.

    Raises:
        SettingsError: If the data has no test split.
    """
    # `prepare` expects what it is given to be as small as it was before it was scaled.
    native = replace(settings, image_size=None) if settings.name in KNOWN_SHAPES else settings
    split = load_test_split(native, "cpu")
    places, labels = split.indices.numpy(), split.labels.numpy()
    by_class = [places[labels[places] == label].tolist() for label in np.unique(labels[places])]
    in_turn = chain.from_iterable(zip_longest(*by_class))
    chosen = islice((place for place in in_turn if place is not None), n)
    images = split.images.numpy()
    return [(as_picture(images[place]), int(labels[place])) for place in chosen]
