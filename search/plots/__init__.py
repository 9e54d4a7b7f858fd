"""Plots of a study: one module a family, all of one look (see `search.plots.style`).

`search.plots.catalogue` holds the table of them, `search.plots.files` writes them.
"""
