"""Who watches a session: a terminal, plain lines, another terminal, trackers."""
