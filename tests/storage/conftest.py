import os

import pytest

# Only for who names a storage of their own.
collect_ignore = [] if os.environ.get("DARKROOM_TEST_S3_ENDPOINT_URL") else ["test_s3_external.py"]

pytest.register_assert_rewrite("tests.storage.object_store_contract", "tests.storage.s3_store_contract")
