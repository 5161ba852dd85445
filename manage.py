#!/usr/bin/env python
"""Django's command line for Vitrine: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run the command that the arguments name."""
    if sys.version_info < (3, 11):  # noqa: UP036  (said before an import fails for a stranger reason)
        sys.exit(f"Vitrine needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "connection" not in str(error):
            raise
        sys.exit(f"Postgres does not answer: {error}\nStart it (make services), or set DATABASE_URL to one that runs.")


if __name__ == "__main__":
    main()
