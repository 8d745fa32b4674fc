"""What operators measure: Prometheus metrics, and traces for a collector."""
