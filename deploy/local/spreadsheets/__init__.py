"""Workbooks and CSV that offices fill in: the sheets to fill in, and their rows as actions."""
