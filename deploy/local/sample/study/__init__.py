"""A year of study: plans and their months, sessions, what they bring, courses."""
