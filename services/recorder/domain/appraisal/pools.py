"""Whose seats somebody is counted with: by the posts held on 31 December, and the establishment."""

from schemas.appraisal.grading import Pool
from services.recorder.domain.deciding.timeline import Person


def last_day(year: int) -> str:
    """The day by which it goes."""
    return f"{year}-12-31"


def pool(person: Person, year: int) -> Pool | None:
    """None without a post on that day; leadership by any post of its tier, or that the superior manages."""
    posts = person.held(last_day(year))
    if any(post.data["tier"] == "leadership" or post.data["managed_by"] == "superior" for post in posts):
        return "leadership"
    return person.establishment() if posts else None
