"""The file store against a dict."""

import tempfile
from pathlib import Path

from storage.files import open_file_store
from tests.storage.store_machine import StoreAgainstDict, how_often


class FilesAgainstDict(StoreAgainstDict):
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()

    def opener(self):
        return open_file_store(Path(self.folder.name), public_url="http://x", signing_key=b"k")

    def end(self):
        self.folder.cleanup()


TestFilesAgainstDict = FilesAgainstDict.TestCase
TestFilesAgainstDict.settings = how_often(examples=25, steps=25)
