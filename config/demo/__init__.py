"""The try-out: a small coffee shop on Facebook and Instagram, with Meta simulated beside it."""
