"""The contract against a storage of your choice, say Yandex Object Storage, in a bucket made for this.

    DARKROOM_TEST_S3_BUCKET=… DARKROOM_TEST_S3_ENDPOINT_URL=https://storage.yandexcloud.net \\
    DARKROOM_TEST_S3_ACCESS_KEY_ID=… DARKROOM_TEST_S3_SECRET_ACCESS_KEY=… DARKROOM_TEST_S3_REGION=ru-central1 \\
    pytest tests/storage/test_s3_external.py

The keys have to be allowed to make buckets and lifecycle rules. The rules on the bucket are replaced.
"""

import os

import pytest

from tests.storage.s3_store_contract import S3StoreContract
from tests.support.s3_servers import S3Server

_NAMES = [
    f"DARKROOM_TEST_S3_{name}" for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION", "BUCKET")
]


@pytest.mark.external
class TestS3StoreOnExternalServer(S3StoreContract):
    racers = 4

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls):
        return S3Server(*(os.environ[name] for name in _NAMES))
