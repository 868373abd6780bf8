"""The jinja2 environment of the reports and the page's content security policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from autograder.report import behaved, figures, gallery, handed_in, text, view, words

_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST = 20_000


def render(page: view.Page) -> str:
    """The whole HTML document for `page`."""
    return render_template("page.html.j2", page=page)


def render_template(name: str, *, sheet: str = "", script: str = "", **values: Any) -> str:
    """A template as a whole document, with the style sheet and the policy that allows it.

    Args:
        sheet: The name of a style sheet of its own that follows the common one.
        script: The name of its script; without one, the policy allows none.
    """
    style = _file("style.css") + (_file(sheet) if sheet else "")
    program = _file(script) if script else ""
    return (
        _environment()
        .get_template(name)
        .render(
            style=Markup(style),  # noqa: S704 - a file of ours, without markup in it
            script=Markup(program),  # noqa: S704 - the same
            policy=policy(style, program),
            **values,
        )
    )


def policy(style: str, script: str = "") -> str:
    """The content security policy of a page whose only style sheet is `style`, and whose only script is `script`."""
    scripts = _digest(script) if script else "'none'"
    return (
        f"default-src 'none'; style-src {_digest(style)}; img-src data:; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    """The source expression that allows exactly `text` inside a page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


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
    environment.globals.update(behaved=behaved)
    environment.globals.update(pass_line=view.pass_line, points_waiting=view.points_waiting)
    return environment


def _finalize(value: Any) -> Any:
    """What every expression of every template goes through: plain strings become visible and are never endless."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return text.visible(text.cut(str(value), _LONGEST))
    return value
