# PLACEHOLDER by the founder: replace this file; workers/tasks.py calls delete_expired() -> int.
def delete_expired() -> int:
    return 0
