"""Running the trials of a study.

`sitting` is one session of a run, `run` decides everything in it, `engines` move trials to
workers, and `trial` drives one there, epoch by epoch.
"""
