"""What both services need and neither owns: settings, grants, problems, faults, logs. Imports neither of them."""
