"""Training runs judged honestly: data, budgets, and what the trusted process measures of a trained model."""
