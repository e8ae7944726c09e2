"""What is asked of work: outputs, standing, duties, procedures."""
