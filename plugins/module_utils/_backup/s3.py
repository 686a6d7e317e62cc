# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Access to one bucket of an S3 server, with errors that a user can act on."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import tempfile
import typing as t

from .._core.errors import HcpError, InvalidInput, Unreachable

#: Longest wait, in seconds, for a connection and for an answer. A bucket check must not hang a playbook.
_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 20

S3_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "s3_url": {"type": "str", "default": ""},
    "s3_bucket": {"type": "str", "required": True},
    "s3_prefix": {"type": "str", "default": ""},
    "s3_region": {"type": "str", "default": "us-east-1"},
    "s3_access_key": {"type": "str", "required": True, "no_log": False},
    "s3_secret_key": {"type": "str", "required": True, "no_log": True},
    "s3_ca_certificate": {"type": "str", "default": ""},
}


@dataclasses.dataclass(frozen=True)
class S3Settings:
    """Where backups are kept and how to get in.

    :param url: ``https://host:port`` of an S3-compatible server; empty for AWS itself.
    :param prefix: folder within the bucket, without slashes at its ends; may be empty.
    :param ca_certificate: PEM of the CA that signed the server's certificate; empty for the system's CAs.
    """

    url: str
    bucket: str
    prefix: str
    region: str
    access_key: str
    secret_key: str = dataclasses.field(repr=False)
    ca_certificate: str = ""

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> S3Settings:
        """Settings of a module's options.

        :raises InvalidInput: for a value that no S3 server could take.
        """
        settings = cls(
            url=(params["s3_url"] or "").rstrip("/"),
            bucket=params["s3_bucket"],
            prefix=(params["s3_prefix"] or "").strip("/"),
            region=params["s3_region"],
            access_key=params["s3_access_key"],
            secret_key=params["s3_secret_key"],
            ca_certificate=(params["s3_ca_certificate"] or "").strip(),
        )
        settings.validate()
        return settings

    def validate(self) -> None:
        if self.url and not self.url.startswith(("http://", "https://")):
            raise InvalidInput(
                f"{self.url!r} is no URL of an S3 server",
                where="s3_url",
                remedy="give it with its scheme and port, such as https://s3.example.com:9000",
            )
        for option, value in (("s3_access_key", self.access_key), ("s3_secret_key", self.secret_key)):
            # Both end up on a line of their own in a credentials file.
            if not value or value.split() != [value]:
                raise InvalidInput("the value is empty or holds white space", where=option)
        if self.ca_certificate and "-----BEGIN CERTIFICATE-----" not in self.ca_certificate:
            raise InvalidInput(
                "the value is no PEM certificate",
                where="s3_ca_certificate",
                remedy="give the certificate's text, for example with lookup('ansible.builtin.file', 'ca.pem')",
            )

    @property
    def place(self) -> str:
        """For messages: the server and the bucket."""
        return f"{self.url or 'AWS S3'}, bucket {self.bucket}"

    def key(self, *parts: str) -> str:
        """The object key of ``parts`` below the prefix."""
        return "/".join(part for part in (self.prefix, *parts) if part)


class Store(t.Protocol):
    """What this room does with a bucket; tests bring their own."""

    settings: S3Settings

    def exists(self) -> bool:
        """Whether the bucket is there; signs the request and lists at most one key, changes nothing."""

    def create(self) -> None:
        """Create the bucket."""

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""

    def get(self, key: str) -> bytes:
        """Read a whole, small object."""

    def open(self, key: str) -> t.BinaryIO:
        """Read an object as a stream."""

    def delete(self, key: str) -> None:
        """Remove an object."""


class BotoStore:
    """:class:`Store` by boto3. Use as a context manager: a CA certificate lives in a file meanwhile."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings
        self._client: t.Any = None
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> BotoStore:
        self._client = _client(self.settings, self._ca_file())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._cleanup.close()

    def exists(self) -> bool:
        # HEAD would not tell why a request is refused: its answer has no body. LIST is also what Velero asks.
        try:
            self._ask("list_objects_v2", Prefix=self.settings.prefix, MaxKeys=1)
        except NoSuchBucket:
            return False
        return True

    def create(self) -> None:
        extra: dict[str, t.Any] = {}
        if not self.settings.url and self.settings.region != "us-east-1":
            extra["CreateBucketConfiguration"] = {"LocationConstraint": self.settings.region}
        self._ask("create_bucket", **extra)

    def put(self, key: str, data: bytes) -> None:
        self._ask("put_object", Key=key, Body=data)

    def get(self, key: str) -> bytes:
        with contextlib.closing(self.open(key)) as stream:
            return stream.read()

    def open(self, key: str) -> t.BinaryIO:
        return t.cast(t.BinaryIO, self._ask("get_object", Key=key)["Body"])

    def delete(self, key: str) -> None:
        self._ask("delete_object", Key=key)

    def _ask(self, operation: str, **arguments: t.Any) -> t.Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(Bucket=self.settings.bucket, **arguments)
        except ClientError as error:
            raise refused(error.response, operation, self.settings) from error
        except BotoCoreError as error:
            raise not_reached(type(error).__name__, str(error), self.settings) from error

    def _ca_file(self) -> str | None:
        if not self.settings.ca_certificate:
            return None
        path = os.path.join(self._cleanup.enter_context(tempfile.TemporaryDirectory()), "ca.pem")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.settings.ca_certificate + "\n")
        return path


class NoSuchBucket(HcpError):
    """The server answered that it has no such bucket."""


class Refused(HcpError):
    """The server answered, but refused the request."""


def _client(settings: S3Settings, ca_file: str | None) -> t.Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise HcpError(
            "the Python library boto3 is not installed for the Python that runs this task",
            remedy="pip install 'boto3>=1.34' for that interpreter (see ansible_python_interpreter)",
        ) from error
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.url or None,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        verify=ca_file,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_ANSWER_SECONDS,
            retries={"total_max_attempts": 3, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path" if settings.url else "auto"},
        ),
    )


#: The rest of a URL in botocore's messages; it says nothing to a user.
_QUERY = re.compile(r"\?[^\s\"]+")
#: Error codes of S3 that are about the key pair, and the option that is wrong.
_KEY_ERRORS = {
    "InvalidAccessKeyId": ("the server does not know the access key", "s3_access_key"),
    "XAdminUserNotFound": ("the server does not know the access key", "s3_access_key"),  # Versity
    "SignatureDoesNotMatch": ("the secret key does not belong to the access key", "s3_secret_key"),
}


def refused(response: t.Mapping[str, t.Any], operation: str, settings: S3Settings) -> HcpError:
    """The error for an answer of the server that is not a success.

    :param response: as botocore gives it: ``{"Error": {"Code", "Message"}, "ResponseMetadata": {…}}``.
    """
    code = str(response.get("Error", {}).get("Code", ""))
    said = str(response.get("Error", {}).get("Message", "")) or "no explanation"
    where = settings.place
    if code == "NoSuchBucket" or (code == "404" and operation != "get_object"):
        return NoSuchBucket(
            "the bucket does not exist",
            where=where,
            remedy=f"create the bucket {settings.bucket}, correct velero_s3_bucket, or set velero_s3_create_bucket",
        )
    if code in _KEY_ERRORS:
        what, option = _KEY_ERRORS[code]
        return Refused(what, where=where, remedy=f"correct velero_{option} (option {option})")
    if code in ("AccessDenied", "403", "AllAccessDisabled"):
        return Refused(
            f"access denied to {operation.replace('_', ' ')}",
            where=where,
            remedy="give the access key the rights to list the bucket and to read, write and delete its objects",
        )
    if code in ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return Refused(
            f"the region {settings.region} is wrong ({said})", where=where, remedy="correct velero_s3_region"
        )
    if code == "RequestTimeTooSkewed":
        return Refused(
            "the clocks of this machine and of the server differ", where=where, remedy="synchronise the clocks"
        )
    if code == "NoSuchKey" or code == "404":
        return Refused("the object does not exist", where=where)
    return Refused(f"{operation.replace('_', ' ')} failed: {code} {said}".rstrip(), where=where)


def not_reached(kind: str, said: str, settings: S3Settings) -> HcpError:
    """The error for a request without an answer.

    :param kind: the class name of botocore's error.
    :param said: its text.
    """
    where = settings.url or f"AWS S3 in {settings.region}"
    said = _QUERY.sub("", said)
    if kind == "SSLError" and "WRONG_VERSION_NUMBER" in said:
        return HcpError("the server does not speak TLS", where=where, remedy="use http:// in velero_s3_url")
    if kind == "SSLError":
        return HcpError(
            f"the TLS connection failed: {said}",
            where=where,
            remedy="set velero_s3_ca_certificate to the CA of the server's certificate, and use a name that is in it",
        )
    return Unreachable(
        f"the S3 server does not answer: {said}",
        where=where,
        remedy="check velero_s3_url, that the server runs, and that this machine may connect to it",
    )
