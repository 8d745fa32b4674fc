"""What the use cases need from the doors and the process around them, by subject."""
