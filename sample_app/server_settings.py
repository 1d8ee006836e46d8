"""Read the server's settings from its environment, strictly. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sample_app.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens, and what it calls itself."""

    pod: str
    http: tuple[int, ...]
    tcp: tuple[int, ...]
    tcp_server_first: tuple[int, ...]
    udp: tuple[int, ...]
    health: tuple[int, ...]
    """None or one."""


def read_settings(env: Mapping[str, str], host_name: str) -> ServerSettings:
    """Build the settings. Raises SettingsError for a bad port, and for a TCP port given twice."""
    settings = ServerSettings(
        pod=env.get("POD_NAME") or host_name,
        http=_ports(env, "HTTP_PORTS", "8080,8081"),
        tcp=_ports(env, "TCP_PORTS", "9000"),
        tcp_server_first=_ports(env, "TCP_SERVER_FIRST_PORTS", "9001"),
        udp=_ports(env, "UDP_PORTS", "9100,9101"),
        health=_ports(env, "HEALTH_PORT", "8086"),
    )
    if len(settings.health) > 1:
        raise SettingsError(f"HEALTH_PORT is one port; got {env['HEALTH_PORT']!r}")
    for ports in ([*settings.http, *settings.tcp, *settings.tcp_server_first, *settings.health], settings.udp):
        twice = sorted({port for port in ports if list(ports).count(port) > 1})
        if twice:
            raise SettingsError(
                f"each port has one use; {twice} are given more than once: change the *_PORT* variables"
            )
    return settings


def _ports(env: Mapping[str, str], name: str, default: str) -> tuple[int, ...]:
    text = env.get(name, default)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 65_535 for part in parts):
        raise SettingsError(f"{name} is a comma list of ports from 1 to 65535; got {text!r}")
    return tuple(int(part) for part in parts)
