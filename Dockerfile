# Two targets: `cpu` (web, worker on CPUs) and `gpu` (workers that embed on CUDA). Neither holds the embedded services.
#
#     docker build --target cpu -t vitrine:cpu .
#     docker build --target gpu -t vitrine:gpu .
FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH \
    DJANGO_SETTINGS_MODULE=config.settings \
    VITRINE_DATA=/data \
    HF_HOME=/data/huggingface \
    STATIC_ROOT=/app/static
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vitrine \
    && mkdir -p /app /data/media /data/huggingface \
    && chown -R vitrine:vitrine /data
WORKDIR /app

FROM base AS packages
COPY pyproject.toml constraints.txt ./
COPY config/install.py config/install.py

FROM packages AS packages-cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python config/install.py /opt/venv "$TORCH_INDEX" onnx parquet

FROM packages AS packages-gpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cu130
RUN python config/install.py /opt/venv "$TORCH_INDEX"

FROM base AS source
COPY manage.py ./
COPY config config
COPY catalog catalog
COPY search search
COPY workers workers
COPY storefront storefront
COPY telemetry telemetry
COPY models models

FROM source AS cpu
COPY --from=packages-cpu /opt/venv /opt/venv
RUN SECRET_KEY=build-only METRICS_DIR= python manage.py collectstatic --noinput --verbosity 0
USER vitrine
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-m", "config.healthcheck", "8000"]
CMD ["python", "-m", "config.serve", "--host", "0.0.0.0", "--port", "8000"]

FROM source AS gpu
COPY --from=packages-gpu /opt/venv /opt/venv
RUN SECRET_KEY=build-only METRICS_DIR= python manage.py collectstatic --noinput --verbosity 0
ENV ENCODER_DEVICE=cuda
USER vitrine
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=4 \
    CMD ["sh", "-c", "celery -A workers inspect ping --destination celery@$(hostname)"]
CMD ["celery", "-A", "workers", "worker", "--loglevel", "INFO", "-Q", "index", "--concurrency", "1"]
