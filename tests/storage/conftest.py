import pytest

pytest.register_assert_rewrite("tests.storage.object_store_contract", "tests.storage.s3_store_contract")
