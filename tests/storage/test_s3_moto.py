import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.storage.s3_store_contract import S3StoreContract


class TestS3StoreOnMoto(S3StoreContract):
    # It takes any signature, and its own memory would be measured too.
    test_a_changed_link_is_refused = None
    test_a_link_expires = None
    test_wrong_credentials_are_the_operators_business = None
    test_files_of_any_size_pass_through_bounded_memory = None

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, moto_server):
        return moto_server

    async def fill(self, store, keys):
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]  # through HTTP, moto takes seconds for a thousand
        for key in keys:
            backend.put_object(store._bucket, key, b"")
