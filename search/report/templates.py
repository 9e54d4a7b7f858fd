"""Fills the templates of HTML pages."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_page(template: str, **facts: Any) -> str:
    """Make a page.

    Args:
        template: Name of a file in `search/templates`.
        **facts: What it shows; texts are escaped.

    Returns:
        The page.
    """
    loader = PackageLoader("search", "templates")
    pages = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template(template).render(facts)
