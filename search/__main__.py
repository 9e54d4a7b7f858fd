"""`python -m search` is `search`."""

from search.cli import main

main()
