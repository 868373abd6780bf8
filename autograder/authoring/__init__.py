"""What an author of an assignment imports: inputs, checks, candidates."""
