"""The S3 store against a dict. On moto: a real server under load now and then says 500, which is right but no dict."""

from dataclasses import replace

from hypothesis.stateful import run_state_machine_as_test

from storage.s3 import open_s3_store
from tests.storage.store_machine import StoreAgainstDict, how_often
from tests.support.s3_servers import new_bucket_name


class S3AgainstDict(StoreAgainstDict):
    reopen = None  # a client remembers nothing, and making one costs as much as thirty requests
    server = None

    def begin(self):
        """Buckets go with their server."""
        self.elsewhere = replace(self.server, bucket=new_bucket_name())

    def opener(self):
        return open_s3_store(**self.elsewhere.options)


def test_an_s3_store_is_a_dict(moto_server):
    class OnMoto(S3AgainstDict):
        server = moto_server

    run_state_machine_as_test(OnMoto, settings=how_often(examples=5, steps=15))
