"""What is asked of people: where they are and what comes up for them."""
