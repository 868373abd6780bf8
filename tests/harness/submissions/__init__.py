"""Tests that grade whole submissions."""
