"""What is asked of study."""
