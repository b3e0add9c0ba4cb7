"""Commands that rehearse, verify and adopt. None of them changes a real account."""
