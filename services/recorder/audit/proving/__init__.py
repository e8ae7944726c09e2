"""Checkpoints, tiles, entries and proofs, for auditors."""
