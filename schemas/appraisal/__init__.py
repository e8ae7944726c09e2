"""The yearly appraisal and the selection of the advanced."""
