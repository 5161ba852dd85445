"""Looks an installation over, part by part, and says what to fix. Reads only, but for a file that it writes and deletes."""

from workers.doctor.examination import examine
from workers.doctor.findings import Finding, Status

__all__ = ["Finding", "Status", "examine"]
