#!/usr/bin/env python
"""Runs Countersign's management commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from core.redaction import watch_over_tracebacks

    watch_over_tracebacks()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
