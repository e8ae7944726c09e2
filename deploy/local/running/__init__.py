"""How the stack's services get on: ready or not, and why not."""
