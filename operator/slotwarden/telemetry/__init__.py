"""What the operator tells of itself: logs and metrics, never a value."""
