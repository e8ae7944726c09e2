"""What the office does together."""
