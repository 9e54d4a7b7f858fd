"""Fills the templates of HTML pages."""

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.environment import TemplateModule


@functools.cache
def _pages() -> Environment:
    return Environment(
        loader=PackageLoader("search", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(template: str, **facts: Any) -> str:
    """Fill a template, named by its place in `search`; texts are escaped."""
    return _pages().get_template(template).render(facts)


def macros(template: str) -> TemplateModule:
    """Give the macros of a template as functions, which escape what they are given likewise."""
    return _pages().get_template(template).module
