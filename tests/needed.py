"""What some tests need that not every machine has."""

import os

import pytest


def missing(reason):
    """Skip on a learner's machine; fail where nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (required when CI is set)", pytrace=False)
    pytest.skip(reason)
