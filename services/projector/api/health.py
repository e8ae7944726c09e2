"""Open to everybody: alive, ready, metrics. Ready means progress, not only that somebody answers."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.common.tokens.grants import Grants
from services.projector.api.live import Live
from services.projector.following.progress import Progress


def router(live: Live, progress: Progress, grants: Grants) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/livez", summary="The process answers")
    async def livez() -> dict[str, str]:
        return {"status": "live"}

    @routes.get(
        "/readyz",
        summary="Reads are answered, and the read models follow the ledger",
        responses={503: {"description": "not ready"}},
    )
    async def readyz(response: Response) -> dict[str, Any]:
        trouble = grants.trouble()
        state = {
            "consuming": progress.following, "progressing": not progress.stalled, "database": await live.answers(),
            "tokens": trouble is None,
        }  # fmt: skip
        ready = all(state.values())
        response.status_code = 200 if ready else 503
        # A halted shard is for `projector status` to tell: the others' offices go on being served.
        told = {"status": "ready" if ready else "not-ready", **state, "halted": sorted(progress.halted)}
        return told if trouble is None else told | {"tokens_refused": asdict(trouble)}

    @routes.get("/metrics", summary="For Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes
