"""A version beside the live one: replayed, compared, switched to or dropped."""
