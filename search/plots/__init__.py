"""Plots of a study: one module a family, listed in `catalogue`, all of one look (`style`)."""
