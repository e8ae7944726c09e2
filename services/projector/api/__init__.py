"""The HTTP read API: one resource a read model."""
