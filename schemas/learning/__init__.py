"""Study: plans, sessions and what comes of them, courses."""
