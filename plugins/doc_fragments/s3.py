# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that works on the bucket of the backups."""

    DOCUMENTATION = r"""
options:
  s3_url:
    description:
      - URL of an S3-compatible server with its scheme and port, such as V(https://s3.example.com:9000).
      - Empty for AWS itself.
    type: str
    default: ""
  s3_bucket:
    description: Name of the bucket.
    type: str
    required: true
  s3_prefix:
    description: Folder within the bucket. Give each mothership one of its own.
    type: str
    default: ""
  s3_region:
    description: Region of the bucket. Most S3-compatible servers take any.
    type: str
    default: us-east-1
  s3_access_key:
    description: Name of the key pair that may list, read, write and delete objects of the bucket.
    type: str
    required: true
  s3_secret_key:
    description: Secret of the key pair.
    type: str
    required: true
  s3_ca_certificate:
    description:
      - PEM certificate (its text, not a file name) of the CA that signed the server's certificate.
      - Empty to trust the CAs of the system.
    type: str
    default: ""
"""
