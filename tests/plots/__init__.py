"""Plots: their labels, their data against the records, and studies that have little to show."""
