"""The public checks of inpainting.py."""
