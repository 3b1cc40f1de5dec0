"""The Hugging Face training worker of beep: reads a job folder, trains, and says in the same folder how it went."""

__version__ = "0.1.0"
