"""Who watches a run: a terminal, plain lines, another terminal, trackers of other people."""
