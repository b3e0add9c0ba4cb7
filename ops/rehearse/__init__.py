"""Rehearses a stack: checks it with policy packs, creates it in an embedded AWS, and runs the application's queries."""
