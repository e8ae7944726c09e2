"""The rule packs' figures as rows of SQL, so that the database alone can say what is owed."""

from collections.abc import Iterator

from schemas.packs import Carriers, Figure, Pack, packs


def study_figures() -> str:
    """Of each pack its id, region and year, then what study is owed by it: the rows of a VALUES list."""
    return ", ".join(f"({', '.join(_values(pack))})" for pack in packs().values())


def talk_figures() -> str:
    """Of each pack its id, then of each pair of its duties how often they talk in which period: the same."""
    return ", ".join(
        f"('{pack.pack}'::text, '{duty.pair}'::text, {duty.talks}, '{duty.every}'::text)"
        for pack in packs().values()
        for duty in pack.duties.talks.value
    )


def session_figures() -> str:
    """Of each pack its id, then of what carriers owe its name, carrier, kind, how many sessions in which period."""
    return ", ".join(
        f"('{pack.pack}'::text, '{what}'::text, '{carrier}'::text, {kind}::text, {figure.value}, '{every}'::text)"
        for pack in packs().values()
        for what, carrier, kind, figure, every in _sessions(pack.carriers)
    )


def appraisal_figures() -> str:
    """Of each pack its id; the share of excellent grades, rounded to the nearest or down; what an open case bars."""
    return ", ".join(
        f"('{pack.pack}'::text, {pack.appraisal.excellent_percent.value}, "
        f"{pack.appraisal.rounding.value == 'nearest'}, '{pack.discipline.open_case.value[0]}'::text)"
        for pack in packs().values()
    )


def cap_figures() -> str:
    """Of each pack that has any, its id and what a visit may cost the union's fund, by occasion."""
    return ", ".join(
        f"('{pack.pack}'::text, '{occasion}'::text, {figure.value})"
        for pack in packs().values()
        for occasion, figure in pack.welfare.caps_fen.items()
    )


def condition_figures() -> str:
    """Of each pack its id, then of each condition of selections its code and figure."""
    return ", ".join(
        f"('{pack.pack}'::text, '{code}'::text, {figure.value})"
        for pack in packs().values()
        for code, figure in pack.selection.conditions.items()
    )


def _sessions(owed: Carriers) -> Iterator[tuple[str, str, str, Figure[int], str]]:
    yield "central-group", "central-group", "NULL", owed.central_group_sessions_a_quarter, "quarter"
    yield "youth-group", "youth-group", "NULL", owed.youth_group_sessions_a_month, "month"
    yield "members-meeting", "branch", "'members-meeting'", owed.members_meetings_a_quarter, "quarter"
    yield "committee-meeting", "branch", "'committee-meeting'", owed.committee_meetings_a_month, "month"
    yield "party-day", "branch", "'party-day'", owed.party_days_a_month, "month"


def _values(pack: Pack) -> Iterator[str]:
    study = pack.study
    yield from (f"'{pack.pack}'::text", f"'{pack.region}'::text", str(pack.year))
    yield from (str(figure.value) for figure in (study.year_centi_xueshi, study.year_days))
    yield from (str(figure.value) for figure in (study.five_years_centi_xueshi, study.five_years_days))
    ranks = ", ".join("'" + rank.replace("'", "''") + "'" for rank in study.five_years_ranks.value)
    yield f"ARRAY[{ranks}]::text[]"
    yield str(study.online_centi_xueshi.value)
