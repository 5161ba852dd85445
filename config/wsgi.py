"""The WSGI application that granian or gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# After the settings, and in the process that serves.
from django.conf import settings  # noqa: E402

from telemetry import tracing  # noqa: E402

tracing.set_up(service="vitrine-web", endpoint=settings.TRACING_ENDPOINT, share=settings.TRACING_SHARE)
