"""The batchcalls app: lists, dispatch and results."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BatchCallsConfig(AppConfig):
    """Sends batches of calls and stores their results."""

    name = "batchcalls"
    verbose_name = "Calling"

    def ready(self) -> None:
        """Register the system checks and what is done after each migration."""
        from batchcalls import checks, queue  # noqa: F401, PLC0415
        from batchcalls.access import roles  # noqa: PLC0415
        from batchcalls.intake import renewed_zones  # noqa: PLC0415

        post_migrate.connect(queue.on_post_migrate, sender=self, dispatch_uid="batchcalls.queue")
        post_migrate.connect(roles.on_post_migrate, sender=self, dispatch_uid="batchcalls.roles")
        post_migrate.connect(
            renewed_zones.on_post_migrate, sender=self, dispatch_uid="batchcalls.renewed_zones"
        )
