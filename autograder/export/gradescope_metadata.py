"""What Gradescope says of who handed in: `submission_metadata.json`, which lies beside the submission while it is graded there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from autograder.errors import UsageError
from autograder.records import About, Member

_LONGEST = 200
"""Longer names are refused by `autograder grade --about`."""


def about_of(metadata: str) -> About:
    """Return who handed in and when, of the text of `submission_metadata.json`; what is not there stays empty.

    Raises:
        UsageError: It is no JSON object.
    """
    try:
        content = json.loads(metadata)
    except (json.JSONDecodeError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UsageError(
            "submission_metadata.json: this is no JSON object; without it nothing is known of who handed in"
        )
    users = [user for user in _list(content.get("users")) if isinstance(user, dict)]
    members = tuple(
        Member(name=_text(user.get("name")), id=_text(user.get("id")), email=_text(user.get("email"))) for user in users
    )
    assignment = content.get("assignment")
    return About(
        name=", ".join(member.name for member in members if member.name)[:_LONGEST],
        id=members[0].id if len(members) == 1 else "",
        submitted_at=_moment(content.get("created_at")),
        due=_moment(assignment.get("due_date")) if isinstance(assignment, dict) else "",
        members=members,
        platform="gradescope",
        platform_id=_text(content.get("id")),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return str(value)[:_LONGEST] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(value: Any) -> str:
    """Return a point in time; "" for what is none, so that nobody goes without a grade for it."""
    try:
        return datetime.fromisoformat(_text(value)).isoformat()
    except ValueError:
        return ""
