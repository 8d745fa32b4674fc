import pytest

from tests.storage.s3_store_contract import S3StoreContract


class TestS3StoreOnSeaweedfs(S3StoreContract):
    racers = 2  # losers of a race poll for a lock here: with four of them a race takes a second
    folders_sort_like_keys = False

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, seaweedfs_server):
        return seaweedfs_server
