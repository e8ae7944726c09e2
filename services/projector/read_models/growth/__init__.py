"""What is asked of a cadre: the growth file, and what it shows."""
