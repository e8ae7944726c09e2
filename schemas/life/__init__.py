"""The office's life: talks, work, teams, welfare, spirit."""
