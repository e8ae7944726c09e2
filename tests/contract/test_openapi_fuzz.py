"""Schemathesis against the recorder's own description: never a 5xx, never an answer that is not described."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from deploy.local.paths import write_private
from schemas.generate import FOLDER
from services.common.settings import Settings
from services.common.tokens.grants import Grants
from services.recorder.app import web
from services.recorder.audit.proving.log import AuditLog
from services.recorder.errors import Missing
from services.recorder.intake.http import Dependencies
from tests.contract.generate import document
from tests.integration.test_http import TOKENS, Recorder

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
QUICK = settings(
    max_examples=30,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Log:
    """A log that holds nothing."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any of its questions
        return self._missing

    async def _missing(self, *_: object) -> None:
        raise Missing("there is nothing", "什么也没有")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - schemathesis' own schema
    tokens = tmp_path_factory.mktemp("described") / "tokens.json"
    write_private(tokens, json.dumps(TOKENS).encode())
    recorder = Recorder()
    grants = Grants.load(tokens)
    deps = Dependencies(recorder, recorder, recorder, recorder, grants, lambda: (True, {}))
    app = web(deps, cast("AuditLog", Log()), Settings())
    loaded = schemathesis.openapi.from_dict(json.loads(document("openapi", app, (FOLDER / "json").as_uri())))
    loaded.app = app
    return loaded


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/actions"),
        ("GET", "/receipts"),
        ("POST", "/open"),
        ("GET", "/audit/{shard}/checkpoint"),
        ("GET", "/audit/{shard}/tile/entries/{number}"),
        ("GET", "/audit/{shard}/tile/{level}/{number}"),
        ("GET", "/audit/{shard}/proof"),
        ("GET", "/audit/{shard}/consistency"),
    ],
)
def test_no_request_breaks_the_recorder(described: Any, method: str, path: str, mode: Any) -> None:  # noqa: ANN401
    role = {"/open": "reader", "/actions": "publisher", "/receipts": "publisher"}.get(path, "auditor")

    @QUICK
    @given(described[path][method].as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:  # noqa: ANN401
        case.call_and_validate(headers={"Authorization": f"Bearer {role}-token-0123456789abcdef"}, checks=CHECKS)

    sent()
