"""What people see while they wait: what was heard of running models, and what their status message says of it."""
