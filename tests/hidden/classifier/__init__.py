"""The hidden checks of classifier.py."""
