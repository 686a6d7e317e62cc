# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""From a kubeconfig to a pool of connections; reading and authentication are the ``kubernetes`` library's.

The library writes certificates and keys that a kubeconfig embeds to temporary files and removes them when the
process ends. A forked Ansible worker does not end that way, so the files live in a folder that is removed here, as
soon as the TLS context has read them.
"""

from __future__ import annotations

import dataclasses
import os
import ssl
import tempfile
import threading
import typing as t

from .._core.errors import HcpError, InvalidInput

#: The library keeps one table of temporary files for the process: one loading at a time.
_LOADING = threading.Lock()

#: Connections kept open to one server; more threads than this open further ones.
_POOL_SIZE = 16


@dataclasses.dataclass(frozen=True)
class Access:
    """How to reach one API server.

    :param server: URL without a slash at its end.
    :param pool: a ``urllib3`` pool manager, thread safe.
    :param headers: authentication headers; asked before every request because tokens expire.
    """

    server: str
    pool: t.Any
    headers: t.Callable[[], dict[str, str]]


def default_path() -> str:
    """The kubeconfig that ``kubectl`` would read: the first of ``$KUBECONFIG``, else ``~/.kube/config``."""
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return os.path.expanduser(listed[0] if listed else "~/.kube/config")


def access_from_file(path: str, context: str | None) -> Access:
    """Read the kubeconfig file ``path``.

    :raises InvalidInput: the file cannot be used.
    """
    loader = _library()
    return _access(
        lambda configuration, folder: loader.load_kube_config(
            config_file=path,
            context=context,
            client_configuration=configuration,
            persist_config=False,
            temp_file_path=folder,
        ),
        where=path,
    )


def access_from_text(text: str, context: str | None = None) -> Access:
    """Read a kubeconfig given as YAML or JSON text; its files, if any, are relative to the working directory."""
    loader = _library()
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        raise _not_yaml("kubeconfig") from None
    if not isinstance(content, dict):
        raise InvalidInput("not a kubeconfig: a mapping is expected", where="kubeconfig")
    return _access(
        lambda configuration, folder: loader.load_kube_config_from_dict(
            content,
            context=context,
            client_configuration=configuration,
            persist_config=False,
            temp_file_path=folder,
        ),
        where="kubeconfig",
    )


def _library() -> t.Any:
    try:
        from kubernetes import config
    except ImportError as error:
        from ansible.module_utils.basic import missing_required_lib

        raise HcpError(missing_required_lib("kubernetes")) from error
    return config


def _not_yaml(where: str) -> InvalidInput:
    # The parser quotes the text around the mistake, which may be a private key: its message is not shown.
    return InvalidInput("the kubeconfig is not valid YAML", where=where, remedy="give a valid kubeconfig")


def _access(load: t.Callable[[t.Any, str], None], *, where: str) -> Access:
    import yaml
    from kubernetes.client.configuration import Configuration

    configuration = Configuration()
    with _LOADING, tempfile.TemporaryDirectory(prefix="mothership-") as folder:
        try:
            load(configuration, folder)
            server = str(configuration.host).rstrip("/")
            context = _tls_context(configuration) if server.startswith("https:") else None
        except yaml.YAMLError:
            raise _not_yaml(where) from None
        except Exception as error:  # the library raises whatever its parsers raise
            raise InvalidInput(
                f"the kubeconfig cannot be used: {error}", where=where, remedy="give the path of a valid kubeconfig"
            ) from error
        finally:
            _forget_files()
    return Access(server=server, pool=_pool(configuration, server, context), headers=_authentication(configuration))


def _forget_files() -> None:
    """Make the library forget the files it wrote: older versions would name them again, though they are gone."""
    from kubernetes.config import kube_config

    forget = getattr(kube_config, "_cleanup_temp_files", None)
    if forget is not None:
        forget()


def _tls_context(configuration: t.Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
    # Clusters of old installers have authorities without a key usage extension: Python 3.13 refuses them by default.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file or None)
    return context


def _pool(configuration: t.Any, server: str, context: ssl.SSLContext | None) -> t.Any:
    import urllib3

    options: dict[str, t.Any] = {"maxsize": _POOL_SIZE, "retries": False}
    if context is not None:
        options["ssl_context"] = context
        options["cert_reqs"] = context.verify_mode
        server_name = getattr(configuration, "tls_server_name", None)
        if server_name:
            options["server_hostname"] = server_name
            options["assert_hostname"] = server_name
    proxy = getattr(configuration, "proxy", None)
    if proxy and not _bypasses_proxy(server, getattr(configuration, "no_proxy", None)):
        return urllib3.ProxyManager(proxy, proxy_headers=configuration.proxy_headers, **options)
    return urllib3.PoolManager(**options)


def _bypasses_proxy(server: str, no_proxy: str | None) -> bool:
    from kubernetes.client.rest import should_bypass_proxies

    return bool(no_proxy) and bool(should_bypass_proxies(server, no_proxy=no_proxy or ""))


def _authentication(configuration: t.Any) -> t.Callable[[], dict[str, str]]:
    # A credential plugin may be run by this call: one at a time.
    lock = threading.Lock()

    def headers() -> dict[str, str]:
        with lock:
            settings = configuration.auth_settings()
        return {
            str(setting["key"]): str(setting["value"])
            for setting in settings.values()
            if setting.get("in") == "header" and setting.get("value")
        }

    return headers
