"""The hidden checks of inpainting.py."""
