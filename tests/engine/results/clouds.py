"""Fakes of three clouds' libraries: as much of their public interfaces as results use, on a dict."""

from types import ModuleType
from typing import Any, BinaryIO

Objects = dict[tuple[str, str], bytes]


class ClientError(Exception):
    """The error of botocore, which carries a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class S3Client:
    """What `boto3.client("s3")` returns."""

    def __init__(self, objects: Objects, uploads: list[Any]) -> None:
        self.objects, self.uploads = objects, uploads

    def head_object(self, Bucket: str, Key: str) -> dict[str, int]:
        if Bucket == "forbidden":
            raise ClientError("403")
        if (Bucket, Key) not in self.objects:
            raise ClientError("404")
        return {"ContentLength": len(self.objects[Bucket, Key])}

    def download_fileobj(self, Bucket: str, Key: str, Fileobj: BinaryIO) -> None:
        if (Bucket, Key) not in self.objects:
            raise ClientError("NoSuchKey")
        Fileobj.write(self.objects[Bucket, Key])

    def upload_fileobj(self, Fileobj: BinaryIO, Bucket: str, Key: str, ExtraArgs: Any = None) -> None:
        self.uploads.append(ExtraArgs)
        self.objects[Bucket, Key] = Fileobj.read()


class Boto3(ModuleType):
    """The module boto3."""

    def __init__(self) -> None:
        super().__init__("boto3")
        self.objects: Objects = {}
        self.uploads: list[Any] = []
        self.clients: list[Any] = []

    def client(self, service: str, **kwargs: Any) -> S3Client:
        self.clients.append((service, kwargs))
        return S3Client(self.objects, self.uploads)


class GoogleBlob:
    """A blob of google.cloud.storage."""

    def __init__(self, objects: Objects, place: tuple[str, str]) -> None:
        self.objects, self.place = objects, place

    def exists(self) -> bool:
        return self.place in self.objects

    def download_as_bytes(self) -> bytes:
        return self.objects[self.place]

    def upload_from_string(self, data: bytes) -> None:
        self.objects[self.place] = data


class GoogleBucket:
    """A bucket of google.cloud.storage."""

    def __init__(self, objects: Objects, name: str) -> None:
        self.objects, self.name = objects, name

    def blob(self, name: str) -> GoogleBlob:
        return GoogleBlob(self.objects, (self.name, name))


class GoogleStorage(ModuleType):
    """The module google.cloud.storage; its `Client` is a factory that notes the accounts."""

    def __init__(self) -> None:
        super().__init__("google.cloud.storage")
        self.accounts: list[Any] = []
        objects: Objects = {}
        self.objects = objects
        accounts = self.accounts

        class Client:
            def __init__(self, account: Any = None) -> None:
                accounts.append(account)

            @classmethod
            def from_service_account_info(cls, account: Any) -> Any:
                return cls(account)

            def bucket(self, name: str) -> GoogleBucket:
                return GoogleBucket(objects, name)

        self.Client = Client


class AzureDownload:
    """What `download_blob` returns."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def readall(self) -> bytes:
        return self.data


class AzureBlob:
    """A BlobClient of azure.storage.blob."""

    def __init__(self, objects: Objects, place: tuple[str, str]) -> None:
        self.objects, self.place = objects, place

    def exists(self) -> bool:
        return self.place in self.objects

    def download_blob(self) -> AzureDownload:
        return AzureDownload(self.objects[self.place])

    def upload_blob(self, data: bytes, overwrite: bool = False) -> None:
        if self.place in self.objects and not overwrite:
            raise FileExistsError(self.place)
        self.objects[self.place] = data


class AzureBlobs(ModuleType):
    """The module azure.storage.blob; it notes the connection strings."""

    def __init__(self) -> None:
        super().__init__("azure.storage.blob")
        self.strings: list[str] = []
        objects: Objects = {}
        self.objects = objects
        strings = self.strings

        class BlobServiceClient:
            @classmethod
            def from_connection_string(cls, string: str) -> Any:
                strings.append(string)
                return cls()

            def get_blob_client(self, container: str, blob: str) -> AzureBlob:
                return AzureBlob(objects, (container, blob))

        self.BlobServiceClient = BlobServiceClient
