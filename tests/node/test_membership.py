"""Suspend, resume, revoke, remove, leave: what counts at once, what is told, and what stays provable."""
