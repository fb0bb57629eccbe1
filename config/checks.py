"""System checks: what is wrong with the environment, with an id and what to do about it."""
