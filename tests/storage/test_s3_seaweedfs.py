import pytest

from tests.storage.s3_store_contract import S3StoreContract


class TestS3StoreOnSeaweedfs(S3StoreContract):
    racers = 2  # losers of a race poll for a lock here: with four of them a race takes a second
    test_list_sorts_whole_keys_not_folders = None  # it sorts folder by folder

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, seaweedfs_server):
        return seaweedfs_server
