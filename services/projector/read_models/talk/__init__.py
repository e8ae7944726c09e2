"""What is asked of talks: held, and due."""
