"""The Milvus Lite server as a program: `python -m config.embedded.lite DATA_DIR ADDRESS`.

Unlike `milvus-lite server`, it loads every collection as it starts, as a Milvus server does (Lite leaves collections
with an index "released", and each search of one fails), and it ends in an orderly way by SIGTERM too.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from concurrent import futures
from types import FrameType

import grpc
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.db import MilvusLite
from milvus_lite.exceptions import MilvusLiteError
from pymilvus.grpc_gen import milvus_pb2_grpc

MAX_MESSAGE_BYTES = 256 * 2**20
"""Milvus standalone's own limit."""
THREADS = 10
GRACE_S = 5.0
logger = logging.getLogger("milvus-lite")


def serve(data_dir: str, address: str) -> None:
    """Serve `data_dir` on `address` (unix:/path or host:port) until SIGINT or SIGTERM."""
    database = MilvusLite(data_dir)
    for name in database.list_collections():
        try:
            database.get_collection(name).load()
        except MilvusLiteError as error:
            # The others are served; a search of this one says why.
            logger.error("collection %s cannot be loaded: %s", name, error)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=THREADS),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            # A second server on one address is an error, not a silent half of the requests.
            ("grpc.so_reuseport", 0),
            # pymilvus pings every 10 s, calls or none; unasked, gRPC takes that for abuse and closes the connection.
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
            ("grpc.http2.max_ping_strikes", 0),
        ],
    )
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(MilvusServicer(database), server)
    server.add_insecure_port(address)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _stop(server))
    server.start()
    logger.info("serving %s on %s", data_dir, address)
    server.wait_for_termination()
    database.close()
    logger.info("stopped")


def _stop(server: grpc.Server) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        server.stop(GRACE_S)

    return stop


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(sys.argv[1], sys.argv[2])
