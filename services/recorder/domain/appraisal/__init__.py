"""The yearly appraisal (年度考核): what is refused, and what its events say."""
