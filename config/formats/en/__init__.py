"""English: as the console writes them, with the day first and 24 hours."""
