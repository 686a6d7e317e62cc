#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k0s_release
short_description: Put the official k0s program of a release into bundles
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Downloads k0s for one or more architectures and puts it into the bundle of each, as C(bin/k0s) with its version in
    C(manifest.json). Everything else in a bundle stays. A folder without a manifest becomes a new bundle.
  - The SHA-256 is compared with the list of the release, and the signature is verified, before the file gets its name.
  - Nothing is downloaded, and no server is asked, when the bundles have the version already and it was verified as this
    task asks for.
  - Run it on the controller. In check mode only the list of sums and the public key are read.
requirements:
  - cryptography >= 42, to verify signatures
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  version:
    description: The release, such as V(1.36.3+k0s.2).
    type: str
    required: true
  bundles:
    description:
      - Folder of the bundle by architecture. Architectures are V(amd64), V(arm64) and V(armv7), which bundles call
        V(arm).
      - A bundle is for one architecture. Machines of another one get another value of C(mothership_bundle).
    type: dict
    required: true
  base_url:
    description:
      - Where releases are. Below it is a folder C(v<version>) for each release. It has the program,
        C(k0s-v<version>-<architecture>), its signature (the same name with C(.sig)), C(sha256sums.txt) and
        C(cosign.pub).
      - A mirror, or a copied folder as C(file:///...), has the same form.
    type: str
    default: https://github.com/k0sproject/k0s/releases/download
  verify_signature:
    description: Verify the signature of the program. With V(false) the sum alone is compared.
    type: bool
    default: true
  public_key:
    description:
      - The key of the k0s project, as PEM text or as a file on the controller.
      - When it is not given, C(cosign.pub) of the release is used. Whoever can change the program there can change that
        key too, so set O(public_key_sha256) with it.
    type: str
  public_key_sha256:
    description:
      - SHA-256 of the key in DER. Any other key is refused.
      - RV(public_key_sha256) tells the one that was used.
      - For a file, C(openssl pkey -pubin -in cosign.pub -outform DER | sha256sum) prints it.
    type: str
  ca_path:
    description: File with the certificate authorities to trust, in place of those of the system.
    type: path
  timeout:
    description: Seconds without any data after which a download fails.
    type: int
    default: 60
seealso:
  - module: mothership.hcp.bundle_install
"""

EXAMPLES = r"""
- name: Fill the bundles of two kinds of machines
  mothership.hcp.k0s_release:
    version: 1.36.3+k0s.2
    bundles:
      amd64: /srv/mothership/bundle
      arm64: /srv/mothership/bundle-arm64
    public_key_sha256: "{{ k0s_key_sha256 }}"
  delegate_to: localhost
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/srv/mothership/bundle/bin/k0s"}]
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
  sample: []
version:
  description: The release, without C(v).
  returned: success
  type: str
  sample: 1.36.3+k0s.2
public_key_sha256:
  description:
    - SHA-256 of the key that the signatures were verified with. Empty when they were not.
  returned: success
  type: str
  sample: 6a3c0f0f4b1d6f1c5a3f3c5f4e8e0d7c9b8a7f6e5d4c3b2a190817263544536f
bundles:
  description: The program in each bundle.
  returned: success
  type: list
  elements: dict
  contains:
    architecture:
      description: As bundles name it.
      type: str
    path:
      description: The file.
      type: str
    sha256:
      description: Its SHA-256.
      type: str
  sample:
    - architecture: amd64
      path: /srv/mothership/bundle/bin/k0s
      sha256: 9f2b0c1e4d3a5f6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._release import k0s


def argument_spec() -> dict[str, t.Any]:
    return {
        "version": {"type": "str", "required": True},
        "bundles": {"type": "dict", "required": True},
        "base_url": {"type": "str", "default": "https://github.com/k0sproject/k0s/releases/download"},
        "verify_signature": {"type": "bool", "default": True},
        "public_key": {"type": "str"},
        "public_key_sha256": {"type": "str"},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 60},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    request = k0s.Request(**module.params)
    run_module(module, lambda: k0s.run(request, check_mode=module.check_mode, warn=module.warn))


if __name__ == "__main__":
    main()
