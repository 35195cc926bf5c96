"""The tasks that flows make by themselves, under the paths that they have in Prefect."""
