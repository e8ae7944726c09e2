"""How the recorder stands: ``recorder status``."""
