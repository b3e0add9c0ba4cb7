"""Rehearses a stack: creates it in an embedded AWS, under the policy packs, and runs the application's queries."""
