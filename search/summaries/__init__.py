"""What a study says, for people: first as facts, then as tables of text, Markdown or LaTeX.

`facts`, `best_trials`, `comparison`, `ladder` and what they call make plain data (`--json`);
`summary`, `figures_view` and the `…_parts` make text of it, which `layout` writes.
"""
