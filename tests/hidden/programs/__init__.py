"""Hidden checks of programs for the command line."""
