"""The outside parties behind a circuit and a meter."""
