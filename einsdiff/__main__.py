"""`python -m einsdiff`."""

import sys

from einsdiff.cli import main

sys.exit(main())
