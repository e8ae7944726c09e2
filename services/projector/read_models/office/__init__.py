"""What is asked of the office: sections, teams, welfare, what is due, what stands out."""
