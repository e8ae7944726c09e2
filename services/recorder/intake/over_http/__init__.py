"""The HTTP door's own: requests, answers, their description."""
