"""A tree with planted violations, for the tests of the lint checks themselves."""

import pathlib
import tempfile
import unittest


class PlantedTree(unittest.TestCase):
    """Gives each test an empty root and a way to put files there."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)

    def plant(self, path: str, text: str) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return path
