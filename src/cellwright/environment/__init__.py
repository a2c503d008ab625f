"""Imports to distributions, requirements to pins, environments to images."""
