"""The ground of Zero Distance: catalogue, message contracts, settings, errors, log, store, command line."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("zerodistance")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0.0.0"
