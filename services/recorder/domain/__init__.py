"""What the office decides, pure: no I/O, no clock.

One module a subject, always in this order: state, evolve, decide.
"""
