"""Kafka and PostgreSQL as processes of this machine: how each is made, run, and asked whether it answers."""
