"""The run: read `run.py` downward."""
