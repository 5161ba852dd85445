"""Every figure that a process counts, each with the sentence that `/metrics` and docs/observability.md give it.

Labels have few values, all of them ours: no store, no key, no path of a caller. What Postgres and Redis know (products,
entries, queues) is read when it is asked for, in `search.api.gauges`.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)

# --- searches -------------------------------------------------------------------------------------------------------
SEARCHES = Counter(
    "vitrine_searches",
    "Searches by mode and outcome: full, degraded (a part was down), late (a stage was left out), refused or failed.",
    ["mode", "outcome"],
)
SEARCH_SECONDS = Histogram(
    "vitrine_search_seconds", "Seconds that an answered search took as a whole, by mode.", ["mode"], buckets=SECONDS
)
SEARCH_STAGE_SECONDS = Histogram(
    "vitrine_search_stage_seconds",
    "Seconds that an answered search spent in each stage that it went through, by mode.",
    ["stage", "mode"],
    buckets=SECONDS,
)
SEARCH_EMPTY = Counter("vitrine_search_empty", "Searches that found nothing, by mode.", ["mode"])
SEARCH_DEGRADED = Counter(
    "vitrine_search_degraded", "Searches answered without a part that was down, by part.", ["part"]
)
SEARCH_DROPPED = Counter(
    "vitrine_search_dropped", "Stages that searches left out to keep their deadline, by stage.", ["stage"]
)
PROBLEMS = Counter(
    "vitrine_problems", "Errors that the API answered, by HTTP status and the problem's code.", ["status", "code"]
)

# --- caches ---------------------------------------------------------------------------------------------------------
QUERY_VECTORS = Counter(
    "vitrine_query_vectors", "Query vectors asked of the cache, by kind and whether it had them.", ["kind", "result"]
)
POOLS = Counter("vitrine_pools", "Pools of earlier searches asked of the cache, by whether it had them.", ["result"])
SUMMARIES = Counter(
    "vitrine_summaries",
    "Counts, orders and settings asked of what a process keeps of a store, by whether it had them.",
    ["result"],
)
TAXONOMIES = Counter(
    "vitrine_taxonomies",
    "Categories, brands and attributes asked of what a process keeps of a store, by whether it had them.",
    ["result"],
)

# --- engines --------------------------------------------------------------------------------------------------------
ENCODER_SECONDS = Histogram(
    "vitrine_encoder_seconds", "Seconds of each call of the encoder, by kind: text or photo.", ["kind"], buckets=SECONDS
)
ENCODED = Counter("vitrine_encoded", "Texts and photos that the encoder made vectors of, by kind.", ["kind"])
ENCODER_ERRORS = Counter("vitrine_encoder_errors", "Calls of the encoder that failed, by kind.", ["kind"])
MILVUS_SECONDS = Histogram(
    "vitrine_milvus_call_seconds",
    "Seconds of each call of Milvus, failed ones too, by what it did.",
    ["call"],
    buckets=SECONDS,
)
MILVUS_ERRORS = Counter("vitrine_milvus_errors", "Calls of Milvus that failed, by what they did.", ["call"])

# --- index ----------------------------------------------------------------------------------------------------------
INDEX_IMAGES = Counter(
    "vitrine_index_images",
    "Photos that went through indexing, by result: indexed, embedded (of those, encoded anew), refused or lost.",
    ["result"],
)
INDEX_REMOVED = Counter("vitrine_index_removed", "Rows taken out of the index because their photo was deleted.")
INDEX_STAGE_SECONDS = Histogram(
    "vitrine_index_stage_seconds", "Seconds that a batch of photos spent in each step of indexing.", ["stage"]
)
INDEX_RETRIES = Counter(
    "vitrine_index_retries", "Batches given back to be tried again later, by the part that failed.", ["part"]
)

# --- background work ------------------------------------------------------------------------------------------------
TASK_SECONDS = Histogram(
    "vitrine_task_seconds", "Seconds that tasks of the workers took, by task.", ["task"], buckets=LONG_SECONDS
)
TASKS = Counter(
    "vitrine_tasks", "Tasks of the workers, by task and outcome: success, failure, expired.", ["task", "outcome"]
)
TASK_WAIT_SECONDS = Histogram(
    "vitrine_task_wait_seconds",
    "Seconds that tasks waited in the queue before a worker began them, by queue.",
    ["queue"],
    buckets=LONG_SECONDS,
)
IMPORT_ROWS = Counter(
    "vitrine_import_rows",
    "Rows of import files, by what became of them: created, updated, unchanged, refused.",
    ["result"],
)
EVENTS = Counter(
    "vitrine_events",
    "Events that shops reported, by kind and whether they were accepted, duplicate or refused.",
    ["kind", "result"],
)


def hit_or_miss(is_known: bool) -> str:
    """The label of a cache's answer."""
    return "hit" if is_known else "miss"
