"""Running the trials of a study.

`session` runs them from start to end, `run` takes every decision on a trial, `engines` move
trials to workers, and `trial` drives one there, epoch by epoch.
"""
