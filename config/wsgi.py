"""The WSGI application that `config.serve` or another server runs."""

import os
import threading

from django.core.wsgi import get_wsgi_application

from config.collecting import collect_less_often

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_application = get_wsgi_application()

# After the applications are there, because these read the settings and models, and in the process that serves.
from django.conf import settings  # noqa: E402

from search.serving import draining, statements  # noqa: E402
from search.serving.gate import Gate  # noqa: E402
from telemetry import tracing  # noqa: E402

application = Gate(_application)
statements.bound_in_time()
tracing.set_up(service="vitrine-web", endpoint=settings.TRACING_ENDPOINT, share=settings.TRACING_SHARE)
if threading.current_thread() is threading.main_thread():
    draining.listen()
collect_less_often()
