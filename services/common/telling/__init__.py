"""How people are told: both languages, tables and bars, times, and logs, with nothing in them that nobody sees."""
