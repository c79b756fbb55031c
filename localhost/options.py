"""What the command line says."""

from dataclasses import dataclass
from pathlib import Path

from localhost.profile import NONE, Profile


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one start; paths are absolute."""

    app: Path
    data: Path
    host: str = "127.0.0.1"
    port: int = 7071
    enable_auth: bool = False
    log_requests: bool = True
    standby: bool = False
    """Share the data folder with the host that owns it, and take over when that ends."""
    profile: Profile = NONE
