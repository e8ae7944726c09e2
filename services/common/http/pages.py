"""What a service tells about itself, to everybody and from this host alone.

/docs            its API, shown by Swagger UI
/asyncapi.json   its topics
/schemas/<file>  the JSON Schemas that both descriptions refer to
"""

from collections.abc import Callable
from functools import cache
from html import escape
from typing import Any, Final

from fastapi import FastAPI, Response
from starlette.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from schemas.generate import FOLDER, SERVED

DESCRIBED: Final[dict[str, Any]] = {"openapi_url": "/openapi.json", "docs_url": None, "redoc_url": None}  # to FastAPI
_ASSETS: Final = "docs/assets"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{_ASSETS}/swagger-ui.css">
<script src="{_ASSETS}/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body><div id="page"></div></body>
</html>
"""
# Without a validator's address Swagger UI would have one on another host look at the document.
_START: Final = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null});\n'


def install(app: FastAPI, topics: Callable[[], dict[str, Any]]) -> None:
    """Serve the pages; ``topics`` makes the AsyncAPI document when it is first asked for."""
    made = cache(topics)
    app.mount(f"/{SERVED}", StaticFiles(directory=FOLDER / "json"))
    app.mount(f"/{_ASSETS}", StaticFiles(packages=[("fastapi_offline", "static")]))

    @app.get("/docs", include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(_PAGE % escape(app.title), headers=_HEADERS)

    @app.get("/docs/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(_START, media_type="text/javascript", headers=_HEADERS)

    @app.get("/asyncapi.json", include_in_schema=False)
    def asyncapi() -> Response:
        return JSONResponse(made())
