"""The commands of ``projector``."""
