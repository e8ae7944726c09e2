"""Acting as a service's own role of the database: what a command makes there must be the service's."""

from typing import Any, Final

_SET: Final = """
SELECT set_config('role', r.rolname, false)
FROM pg_roles AS u, pg_roles AS r
WHERE
    u.rolname = session_user
    AND NOT u.rolsuper
    AND r.rolname = $1
    AND r.rolname <> u.rolname
    AND pg_has_role(u.rolname, r.oid, 'SET')
"""


async def act_as(connection: Any, role: str) -> None:  # noqa: ANN401  # either service's connection
    """From now on be that role, where the user who connected may. A database with one user for all has no such role."""
    await connection.fetchval(_SET, role)
