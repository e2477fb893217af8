"""``python -m zerodistance`` is the same as the ``zerodistance`` command."""

from zerodistance.cli import main

main()
