"""Objectives for image classifiers; usable without `search`, in a REPL or a script."""
