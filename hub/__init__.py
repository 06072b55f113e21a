"""evaldock's hub: plans, launches and records evaluations. Imports nothing heavy."""
