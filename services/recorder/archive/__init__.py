"""Retention: old years leave the ledger for files with their proofs, are read from there, and can be brought back."""
