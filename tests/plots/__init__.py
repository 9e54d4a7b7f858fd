"""Plots: their labels, their data against the trials, and studies that have little to show."""
