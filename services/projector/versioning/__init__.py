"""The versions of the read models: made, shown, dropped, and how far they are."""
