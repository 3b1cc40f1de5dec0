"""The job folder: what is asked for, what happened, how it ended. Nothing here knows of torch."""
