"""Grafana dashboards built in code, provisioned and pushed."""
