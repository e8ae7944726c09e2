"""What makes history trustworthy: trees in tiles, signed checkpoints, and history held against both."""
