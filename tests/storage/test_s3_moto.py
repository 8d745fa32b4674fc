import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.storage.s3_store_contract import S3StoreContract


class TestS3StoreOnMoto(S3StoreContract):
    signatures_are_checked = False
    server_is_another_process = False

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, moto_server):
        return moto_server

    async def fill(self, store, keys):
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]  # through HTTP, moto takes seconds for a thousand
        for key in keys:
            backend.put_object(store._bucket, key, b"")
