"""S3 servers for tests, started once per session: moto in a thread, SeaweedFS from its wheel as a process.

A `conftest.py` imports the fixtures; the one nearest to the root makes all tests below share one of each.
"""

import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.handlers import add_expect_header
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from tests.support.ports import free_port

_START_DEADLINE_S = 30
DOMAIN = "s3.example.test"  # SeaweedFS also takes buckets in the host, below this name
_GRPC_OFFSET = 10_000  # SeaweedFS listens there too, for each of its ports


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where an S3 is and how to get in; `bucket` exists."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    region: str
    bucket: str

    @property
    def options(self) -> dict[str, str]:
        """The arguments for `open_s3_store`."""
        return {
            "bucket": self.bucket,
            "endpoint_url": self.endpoint_url,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "region": self.region,
        }


class BlockingS3:
    """A second way into a bucket: boto3, sharing no line of code with the store under test."""

    def __init__(self, server: S3Server) -> None:
        self.bucket = server.bucket
        self.client = boto3.client(
            "s3",
            endpoint_url=server.endpoint_url,
            aws_access_key_id=server.access_key_id,
            aws_secret_access_key=server.secret_access_key,
            region_name=server.region,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        # It waits a second for "100 Continue"; when a busy server says so later, the next answer is misread.
        self.client.meta.events.unregister("before-call.s3", add_expect_header)

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)

    def get(self, key: str) -> tuple[bytes, str] | None:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        with answer["Body"] as body:
            return body.read(), answer["ContentType"]

    def keys(self, prefix: str) -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {row["Key"] for page in pages for row in page.get("Contents", [])}

    def make_bucket(self) -> None:
        self.client.create_bucket(Bucket=self.bucket)

    def close(self) -> None:
        self.client.close()


def new_bucket_name() -> str:
    """A bucket name that nobody has used."""
    return f"test-{uuid4().hex}"


@contextmanager
def outside_of(server: S3Server):
    """The second way into `server`, closed at the end."""
    outside = BlockingS3(server)
    try:
        yield outside
    finally:
        outside.close()


@pytest.fixture(scope="session")
def moto_server():
    """In this process; checks neither signatures nor the expiry of links."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    put_object, one_at_a_time = S3Response.put_object, threading.Lock()

    def put_object_atomically(response):
        """moto looks at the conditions first and writes then: of two threads, now and then, both may win."""
        with one_at_a_time:
            return put_object(response)

    S3Response.put_object = put_object_atomically
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        server = S3Server(f"http://{host}:{port}", "test-key-id", "test-secret", "us-east-1", new_bucket_name())
        with outside_of(server) as outside:
            outside.make_bucket()
        yield server
    finally:
        moto.stop()
        S3Response.put_object = put_object


@pytest.fixture(scope="session")
def seaweedfs_server(tmp_path_factory):
    """A real S3 server, with real signatures and real conditional writes."""
    binary = Path(sys.executable).parent / "weed"
    folder = tmp_path_factory.mktemp("seaweedfs")
    s3, master, volume, filer, admin = (free_port(twin=_GRPC_OFFSET) for _ in range(5))
    server = S3Server(f"http://127.0.0.1:{s3}", "test-key-id", "test-secret", "us-east-1", new_bucket_name())
    command = [
        str(binary),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={s3}",
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        f"-admin.port={admin}",
        f"-bucket={server.bucket}",
        f"-s3.localSocket={folder}/s3.sock",
        f"-filer.localSocket={folder}/filer.sock",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        f"-s3.domainName={DOMAIN}",
    ]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
    }
    log = folder / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=folder)
    try:
        _wait_until_ready(process, server, log)
        yield server
    finally:
        process.kill()  # it has nothing to save
        process.wait()


def _wait_until_ready(process: subprocess.Popen, server: S3Server, log: Path) -> None:
    deadline = time.monotonic() + _START_DEADLINE_S
    with outside_of(server) as outside:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{server.endpoint_url}/healthz", timeout=1):
                    outside.client.head_bucket(Bucket=server.bucket)
                    return
            except (urllib.error.URLError, ClientError, OSError):
                time.sleep(0.05)  # a foreign process: there is nothing else to wait for
    pytest.fail(f"SeaweedFS did not start:\n{log.read_text(errors='replace')[-3000:]}")
