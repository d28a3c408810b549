"""Serves H.264 access units from stdin over RTSP. Runs in Debian's python3 (gi, GStreamer), not in our environment.

Arguments: port, then camera names. Stdin: records of camera index (1 byte), length (4, big-endian), one access unit in
Annex B. Says `ready` on stdout. Ends with its stdin.
"""

import sys
import threading
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402  (only after the versions are required)
    GLib,
    Gst,
    GstRtspServer,
)

LAUNCH = (
    "( appsrc name=source is-live=true format=time do-timestamp=true max-bytes=2000000 "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


class Mount:
    """One camera: pushes into the media's appsrc while somebody watches, from a key frame on."""

    def __init__(self) -> None:
        self.source: Any = None
        self.keyed = False
        self.factory = GstRtspServer.RTSPMediaFactory()
        self.factory.set_launch(LAUNCH)
        self.factory.set_shared(True)
        self.factory.set_latency(0)
        self.factory.connect("media-configure", self._configure)

    def _configure(self, _factory: Any, media: Any) -> None:
        self.keyed = False
        self.source = media.get_element().get_child_by_name("source")
        media.connect("unprepared", self._gone)

    def _gone(self, _media: Any) -> None:
        self.source = None

    def push(self, unit: bytes) -> None:
        source = self.source
        if source is None:
            return
        self.keyed = self.keyed or is_key(unit)
        if self.keyed and source.emit("push-buffer", Gst.Buffer.new_wrapped(unit)) != Gst.FlowReturn.OK:
            self.source = None


def is_key(unit: bytes) -> bool:
    """Whether it holds a sequence parameter set (H.264 NAL type 7): our encoder writes one before each IDR."""
    at = unit.find(b"\x00\x00\x01")
    while at >= 0:
        if at + 3 < len(unit) and unit[at + 3] & 0x1F == 7:
            return True
        at = unit.find(b"\x00\x00\x01", at + 3)
    return False


def feed(mounts: list[Mount], loop: Any) -> None:
    source = sys.stdin.buffer
    while True:
        head = source.read(5)
        if len(head) < 5:
            break
        unit = source.read(int.from_bytes(head[1:], "big"))
        mounts[head[0]].push(unit)
    loop.quit()


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    mounts = [Mount() for _ in sys.argv[2:]]
    for name, mount in zip(sys.argv[2:], mounts, strict=True):
        server.get_mount_points().add_factory("/" + name, mount.factory)
    if server.attach(None) == 0:
        sys.exit(f"port {sys.argv[1]} cannot be used")
    GLib.timeout_add_seconds(2, lambda: server.get_session_pool().cleanup() >= 0)
    loop = GLib.MainLoop()
    threading.Thread(target=feed, args=(mounts, loop), daemon=True).start()
    print("ready", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
