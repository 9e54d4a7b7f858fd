"""Writes what stands in the documents and comes from the code.

python -m tests.docs            the tables
python -m tests.docs samples    also runs a study; writes what commands print, and the picture
"""

import sys

from tests.docs import samples, tables
from tests.docs.blocks import DOCUMENTS, with_blocks


def main() -> None:
    """Write the tables, and the samples if they are asked for."""
    if sys.argv[1:] not in ([], ["samples"]):
        sys.exit("usage: python -m tests.docs [samples]")
    for document in DOCUMENTS:
        document.write_text(with_blocks(document.read_text(), "table", tables.write_table))
    if sys.argv[1:]:
        samples.write_samples()


if __name__ == "__main__":
    main()
