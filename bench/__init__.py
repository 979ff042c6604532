"""What is fast, measured on this machine: each module prints a table and, as its last line, JSON."""
