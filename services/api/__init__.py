"""The HTTP API. Handlers are sync, on threads: they share their SQL with `work`; only /changes is async."""
