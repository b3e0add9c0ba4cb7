"""Judges and rehearses the change from what is deployed to what the program declares."""
