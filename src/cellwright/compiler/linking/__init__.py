"""Who feeds whom: names, state and files on their way from step to step."""
