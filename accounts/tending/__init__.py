"""Looking after connected accounts: what Meta says of their tokens, and what has to be done in time."""
