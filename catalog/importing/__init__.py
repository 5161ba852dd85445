"""Imports product files: CSV, NDJSON, Shopify and WooCommerce exports, and folders or zips with photos."""

from catalog.importing.jobs import run_import_job, waiting_job_ids
from catalog.importing.records import ImportReport, Outcome, Progress, Refusal, RowResult, UnreadableFile
from catalog.importing.run import import_file

__all__ = [
    "ImportReport",
    "Outcome",
    "Progress",
    "Refusal",
    "RowResult",
    "UnreadableFile",
    "import_file",
    "run_import_job",
    "waiting_job_ids",
]
