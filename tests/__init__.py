"""Tests, by what they need and then by the room of what they test: see CONTRIBUTING.md."""

import pytest

# Helpers assert, too, and should say as much as tests where that fails.
pytest.register_assert_rewrite("tests.helpers")
