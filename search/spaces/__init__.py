"""A space file and the points of its space: read, checked, drawn.

From a file to a `Spec`: `document` (YAML with line numbers), `space_file`, `sections` and their
checks, `parameters`, `spec`. From a `Spec` to points: `space`, `expressions` (constraints),
`sampling`, `measure`; `samplers` and `pruners` hold the tables of who proposes and who prunes.
"""
