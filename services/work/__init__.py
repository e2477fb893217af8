"""The process that works off what has come due: findings and replies, timers, messages, commands."""
