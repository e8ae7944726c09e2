"""Who there is: sections, cadres and their posts; discipline, goals, erasure."""
