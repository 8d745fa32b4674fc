import pytest

pytest.register_assert_rewrite("tests.storage.object_store_contract", "tests.storage.s3_store_contract")

from tests.support.s3_servers import moto_server, seaweedfs_server  # noqa: E402  # after the registration

__all__ = ["moto_server", "seaweedfs_server"]
