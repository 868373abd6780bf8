"""The jinja2 environment of the reports and the page's content security policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from autograder.report import figures, gallery, handed_in, text, view, words

_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST = 20_000


def render(page: view.Page) -> str:
    """The whole HTML document for `page`."""
    return render_template("page.html.j2", page=page)


def render_template(name: str, **values: Any) -> str:
    """A template as a whole document, with the style sheet and the policy that allows it."""
    style = _style()
    sheet = Markup(style)  # noqa: S704 - a file of ours, without markup in it
    return _environment().get_template(name).render(style=sheet, policy=policy(style), **values)


def policy(style: str) -> str:
    """The content security policy of a page whose only style sheet is `style`."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "script-src 'none'; base-uri 'none'; form-action 'none'"
    )


@cache
def _style() -> str:
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        cut=text.cut, cut_lines=text.cut_lines, prose=text.prose, shapes=text.shapes, words=text.words
    )
    environment.filters.update(sentence=text.sentence, number=text.number, signature=text.signature)
    environment.globals.update(words=words, figures=figures, count=text.count, metrics=view.metrics, tables=view.tables)
    environment.globals.update(facts=handed_in.facts, attempts=handed_in.attempts)
    environment.globals.update(exhibits=gallery.exhibits, others=gallery.others, address=gallery.address)
    environment.globals.update(pass_line=view.pass_line, points_waiting=view.points_waiting)
    return environment


def _finalize(value: Any) -> Any:
    """What every expression of every template goes through: plain strings become visible and are never endless."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return text.visible(text.cut(str(value), _LONGEST))
    return value
