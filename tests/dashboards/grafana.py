"""What Grafana does with a query before PostgreSQL sees it."""

from dashboards.expand import Request, expand, seconds

__all__ = ["Request", "expand", "seconds"]
