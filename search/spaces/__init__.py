"""A space file and the points of its space: read, checked, drawn.

From a file to a `Spec`: `document` (YAML with line numbers), `space_file`, `shape`, `relations`,
`points`. What the file is made of: `spec`, `parameters`, `expressions` (constraints). From a
`Spec` to points: `space`, `sampling`; `samplers` and `pruners` hold the tables of who proposes
and who prunes, `plugins` loads those of other people.
"""
