"""When work is due and what it costs to be late, as `rubric.yaml` says under `late`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from autograder.records import Record

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_DAY = timedelta(days=1)


def _written(value: object) -> object:
    """Refuse what YAML has read as a point in time, because it forgets the zone."""
    if isinstance(value, datetime) or type(value).__name__ in ("date", "TimeStamp"):
        raise ValueError('put it in quotes: "2026-03-01T23:59+01:00"')
    return value


def _amount(value: object) -> object:
    if isinstance(value, str) and (found := _PERCENT.fullmatch(value.strip())):
        return {"share": Decimal(found[1]) / 100}
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return {"points": Decimal(value)}
    raise ValueError('say points, such as 2, or a share of what was earned, such as "10%"')


class Amount(Record):
    """Points, or a share of the points that the checks gave; one of them is 0."""

    points: Decimal = Field(default=Decimal(0), ge=0)
    share: Decimal = Field(default=Decimal(0), ge=0, le=1)

    @property
    def is_something(self) -> bool:
        """Whether it is more than nothing."""
        return bool(self.points or self.share)

    def of(self, earned: Fraction) -> Fraction:
        """Return how many points that is of `earned`."""
        return Fraction(self.points) + Fraction(self.share) * earned

    def __str__(self) -> str:
        return f"{(self.share * 100).normalize():f}%" if self.share else f"{self.points.normalize():f} points"


class Late(Record):
    """When work is due, and what each started day after that costs.

    Attributes:
        due: A point in time in ISO 8601; without an offset it is one in `time_zone`.
        time_zone: A name such as `Europe/Berlin`; also of times of submission that come without an offset.
        grace_minutes: So much later is still in time.
        per_day: What every started day costs, from `due` on.
        most: What lateness costs at most.
    """

    due: Annotated[str, BeforeValidator(_written)] = ""
    time_zone: str = ""
    grace_minutes: int = Field(default=0, ge=0)
    per_day: Annotated[Amount, BeforeValidator(_amount)] = Amount()
    most: Annotated[Amount, BeforeValidator(_amount)] | None = None

    @model_validator(mode="after")
    def _is_a_time(self) -> Late:
        if self.time_zone:
            try:
                ZoneInfo(self.time_zone)
            except (OSError, ValueError, KeyError) as error:
                raise ValueError(f"there is no time zone {self.time_zone!r}; write it like Europe/Berlin") from error
        if self.due:
            try:
                written = datetime.fromisoformat(self.due)
            except ValueError:
                raise ValueError(f"due: {self.due!r} is no time; write it like 2026-03-01T23:59+01:00") from None
            if written.tzinfo is None and not self.time_zone:
                raise ValueError("due has no offset: write it like 2026-03-01T23:59+01:00, or add time_zone")
        return self

    def moment(self, written: str) -> datetime:
        """Return the point in time that a platform, or the rubric, wrote; one without an offset is in the zone of `due`."""
        found = datetime.fromisoformat(written)
        return found if found.tzinfo is not None else found.replace(tzinfo=self._zone())

    def _zone(self) -> tzinfo:
        own = datetime.fromisoformat(self.due).tzinfo if self.due else None
        return ZoneInfo(self.time_zone) if self.time_zone else own or ZoneInfo("UTC")

    def days(self, submitted: datetime, due: datetime) -> int:
        """Return how many days late that is, started ones counted; 0 within the grace."""
        late = submitted.astimezone(UTC) - due.astimezone(UTC)  # within one zone Python subtracts what clocks show
        return 0 if late <= timedelta(minutes=self.grace_minutes) else -(-late // _DAY)

    def cost(self, days: int, earned: Fraction) -> Fraction:
        """Return the points that so many days cost of `earned` points: never more than these."""
        cost = days * self.per_day.of(earned)
        return min(cost, earned, *([self.most.of(earned)] if self.most is not None else []))
