"""Bytes → action → append, from Kafka and over HTTP alike."""
