"""Persons' keys: what seals and opens texts, and what destroys a key."""
