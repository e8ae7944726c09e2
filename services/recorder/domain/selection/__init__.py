"""Choosing the advanced (评先): who may be chosen by which conditions, and honours with what these rest on."""
