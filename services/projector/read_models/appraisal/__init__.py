"""What is asked of appraisals and of who is chosen."""
