"""The verbs of the command line: each reads its arguments, calls the API and prints."""
