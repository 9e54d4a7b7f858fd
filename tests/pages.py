"""Reads a page as a text: its elements, its addresses, its tables."""

from html.parser import HTMLParser

VOID = {"meta", "input", "img"}


class PageText(HTMLParser):
    """Reads a page; an element that is closed by another's end is an error.

    Attributes:
        open: Elements that are not closed.
        texts: What each kind of element holds.
        addresses: What is linked to or loaded.
        tables: The cells of each table by row, headings first, under the heading before it.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.addresses: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag == "table":
            self.tables[self.texts["h2"][-1]] = []
        elif tag == "tr":
            self._rows().append([])
        elif tag in {"th", "td"}:
            self._rows()[-1].append("")
        elif tag == "img":
            self._rows()[-1][-1] += dict(attrs)["alt"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open:
            return
        self.texts.setdefault(self.open[-1], []).append(data)
        if {"th", "td"} & set(self.open):
            self._rows()[-1][-1] += data

    def _rows(self) -> list[list[str]]:
        return list(self.tables.values())[-1]

    def as_text(self) -> str:
        """Write the tables, a row a line."""
        parts = []
        for heading, rows in self.tables.items():
            parts += [heading, *(" | ".join(row) for row in rows), ""]
        return "\n".join(parts)
