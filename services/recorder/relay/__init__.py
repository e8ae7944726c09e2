"""Ledger → Kafka."""
