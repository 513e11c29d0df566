"""What comes in: submissions collected, read and reconciled, before anything of them runs."""
