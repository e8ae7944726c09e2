"""What both services' HTTP interfaces share: pages, problems, tokens at the door, and the server itself."""
