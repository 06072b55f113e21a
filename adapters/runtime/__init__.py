"""What every runner finds inside its job: paths, the gateway, events. Standard library only."""
