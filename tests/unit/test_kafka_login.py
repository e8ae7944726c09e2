"""How the settings say who a client of Kafka is."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from faststream.kafka.security import parse_security

from services.common.http.asyncapi import document
from services.common.kafka.broker import security
from services.common.kafka.login import NoLogin, login
from services.common.settings import Settings


def _settings(folder: Path, **given: object) -> Settings:
    return Settings.model_validate({"home": folder, "kafka": "k:1", **given})


def test_each_program_logs_in_by_its_own_name_from_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "kafka-passwords").mkdir()
    (tmp_path / "kafka-passwords" / "recorder").write_text("secret word\n")
    assert login(_settings(tmp_path), "recorder") == {
        "bootstrap_servers": "k:1",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "recorder",
        "sasl_plain_password": "secret word",
    }
    with pytest.raises(NoLogin, match="kafka-passwords/projector: can't be read"):
        login(_settings(tmp_path), "projector")


def test_settings_name_another_user_mechanism_and_file(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("w")
    more = {"kafka_user": "me", "kafka_mechanism": "PLAIN", "kafka_password_file": tmp_path / "word"}
    known = login(_settings(tmp_path, **more), "recorder")
    assert (known["sasl_plain_username"], known["sasl_plain_password"], known["sasl_mechanism"]) == ("me", "w", "PLAIN")


def test_nobody_is_asked_where_the_protocol_asks_nobody(tmp_path: Path) -> None:
    known = login(_settings(tmp_path, kafka_protocol="PLAINTEXT"), "recorder")
    assert known == {"bootstrap_servers": "k:1", "security_protocol": "PLAINTEXT"}


def test_tls_checks_the_broker_and_its_name(tmp_path: Path) -> None:
    context = login(_settings(tmp_path, kafka_protocol="SSL"), "recorder")["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    (tmp_path / "cert.pem").write_text("no certificate")
    for setting in ("kafka_ca_file", "kafka_cert_file"):
        for file in (tmp_path / "nowhere.pem", tmp_path / "cert.pem"):
            with pytest.raises(NoLogin, match=f"{file}.*CHENGZHANG_{setting.upper()}"):
                login(_settings(tmp_path, kafka_protocol="SSL", **{setting: file}), "recorder")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"])
def test_faststream_logs_in_as_everybody_does(tmp_path: Path, protocol: str, mechanism: str) -> None:
    (tmp_path / "word").write_text("w")
    more = {"kafka_protocol": protocol, "kafka_mechanism": mechanism, "kafka_password_file": tmp_path / "word"}
    settings = _settings(tmp_path, **more)
    given, known = parse_security(security(settings, "recorder")), login(settings, "recorder")
    assert type(given.pop("ssl_context")) is type(known.pop("ssl_context", None))
    assert {"bootstrap_servers": "k:1", **given} == known


def test_what_describes_the_topics_says_how_one_logs_in(tmp_path: Path) -> None:
    described = document(_settings(tmp_path), "t", reads={"events": ""}, writes={})
    (server,) = described["servers"].values()
    assert server["security"], "no secret is read for it"
    assert [scheme["type"] for scheme in described["components"]["securitySchemes"].values()] == ["scramSha512"]
