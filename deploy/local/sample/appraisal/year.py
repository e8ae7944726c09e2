"""A month of the appraisal: what is judged during the year; in November the cycle and the selections, to their end."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.local.sample.appraisal import after, choosing, during, grading, steps
from deploy.local.sample.appraisal.during import Record
from deploy.local.sample.appraisal.standing import standing
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office


def month(office: Office, number: int, record: Record) -> Iterator[Draft]:
    """A month of it; ``record``: what the months before brought."""
    yield from during.month(office, number, record)
    if number == steps.MONTH:
        found = standing(office, record)
        yield from grading.year(office, record, found)
        yield from after.year(office, found)
        yield from choosing.year(office, record, found)
