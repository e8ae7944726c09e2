"""What is recorded of cadres, and by them."""
