"""The verbs of the command line, each a thin function over the modules that do the work."""
