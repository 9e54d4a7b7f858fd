"""Fills the templates of HTML pages."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_page(template: str, **facts: Any) -> str:
    """Fill a template, named by its place in `search`; texts are escaped."""
    pages = Environment(
        loader=PackageLoader("search", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template(template).render(facts)
