"""`python3 -m tools.setup venv|system|all`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tools.setup.archives import ensure_pictures, ensure_wasm
from tools.setup.environment import ensure_environment
from tools.setup.parts import MICROPYTHON, ROOTS, TOOLS, ensure
from tools.setup.places import VENV, SetupError, home, say
from tools.setup.stubs import ensure_stubs


def ensure_system(with_browser: bool) -> None:
    """Debian parts, pinned archives, built models. Browser and type stubs are only for the tests."""
    ensure(*(ROOTS if with_browser else (MICROPYTHON, TOOLS)))
    if with_browser:
        ensure_stubs()
    ensure_wasm()
    ensure_pictures()
    done = subprocess.run([str(VENV / "bin" / "menshen"), "models", "build"], check=False, stdout=sys.stderr)
    if done.returncode:
        raise SetupError("the models were not built: see above; then run it again")


def main() -> int:
    """Exit 0 when all is there; 1 with one line of cause and next step."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.setup",
        description="Makes .venv and .menshen: no root, no system service; the second run needs no network.",
        epilog="venv: the Python environment. demo: what `make demo` needs. all: `make test` too, with a browser.",
    )
    parser.add_argument("what", choices=["venv", "demo", "all"])
    what = parser.parse_args().what
    began = time.monotonic()
    try:
        ensure_environment()
        if what != "venv":
            home().mkdir(parents=True, exist_ok=True)
            ensure_system(with_browser=what == "all")
    except SetupError as error:
        print(f"\nset-up stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nset-up stopped: {error}; make room or mend the rights, then run it again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up interrupted; what is there stays, run it again to go on", file=sys.stderr)
        return 130
    say(f"set-up ready ({what}) in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
