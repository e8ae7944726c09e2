"""The commands ``recorder packs``: what rule packs there are, what one says, whether a file is one."""
