"""The lines of an account's checklist, each a function of stored facts."""
