"""`search demo`: its server and command, and its page in a real browser."""
