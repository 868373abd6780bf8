"""The public checks of classifier.py."""
