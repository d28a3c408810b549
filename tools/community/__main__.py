"""`python -m tools.community --data DIR --site ID --port N`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.community.announce import BrokerAddress
from tools.community.errors import CommunityError, SetupError
from tools.community.openapi import write
from tools.community.runner import Options, public_key, serve
from tools.community.signing import check_private

EXAMPLES = """\
examples:
  python -m tools.community --data community --site demo --port 8500
  python -m tools.community --data community --print-public-key
  python -m tools.community --data community --site demo --port 8500 \\
      --broker localhost:8883 --broker-ca ca.pem --broker-password-file server.password

The folder holds community.db, signing.key, admin.token and site.token, each made at the first start and readable
by its owner alone. Give site.token and the public key to the site; keep admin.token and a backup of signing.key.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status; 2: it cannot start, and stderr says why."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("mqtt").setLevel(logging.ERROR)
    try:
        if options.write_openapi:
            write(options.write_openapi)
        elif options.data is None:
            raise SetupError("where are its files? add --data DIR")
        elif options.print_public_key:
            print(public_key(options.data))
        else:
            asyncio.run(serve(_options(options)))
    except CommunityError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.community",
        description="The reference community server: people, credentials, vehicles, watchlist as signed lists.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of database, signing key and tokens")
    parser.add_argument("--site", default="", help="id of the site that it serves")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8500, help="port to listen on (default: %(default)s)")
    parser.add_argument("--list-days", type=int, default=30, help="how long a list is valid (default: %(default)s)")
    parser.add_argument("--certificate", type=Path, help="TLS certificate chain (PEM); needed off loopback")
    parser.add_argument("--private-key", type=Path, help="its key (PEM)")
    parser.add_argument("--broker", metavar="HOST:PORT", help="announce new lists on this MQTT broker (TLS)")
    parser.add_argument("--broker-ca", type=Path, help="the CA of the broker's certificate (PEM)")
    parser.add_argument("--broker-password-file", type=Path, help="file with the password of the user `server`")
    parser.add_argument("--print-public-key", action="store_true", help="print the signing key's public half and end")
    parser.add_argument("--write-openapi", type=Path, metavar="FILE", help="write the API's contract and end")
    return parser


def _options(given: argparse.Namespace) -> Options:
    if not given.site:
        raise SetupError("which site is it for? add --site ID, the id in the site's site.toml")
    if (given.certificate is None) != (given.private_key is None):
        raise SetupError("--certificate and --private-key belong together; give both or none")
    if not 1 <= given.list_days <= 366:
        raise SetupError("--list-days is 1 to 366")
    return Options(
        given.data,
        given.site,
        given.host,
        given.port,
        given.list_days,
        given.certificate,
        given.private_key,
        _broker(given),
    )


def _broker(given: argparse.Namespace) -> BrokerAddress | None:
    if given.broker is None:
        return None
    host, _, port = given.broker.rpartition(":")
    if not host or not port.isdigit():
        raise SetupError(f'--broker "{given.broker}": write HOST:PORT')
    if given.broker_ca is None or given.broker_password_file is None:
        raise SetupError("--broker needs --broker-ca and --broker-password-file")
    if not given.broker_ca.is_file():
        raise SetupError(f"--broker-ca {given.broker_ca}: there is no such file")
    check_private(given.broker_password_file)
    password = given.broker_password_file.read_text(encoding="utf-8").strip()
    return BrokerAddress(host, int(port), given.broker_ca, password)


if __name__ == "__main__":
    sys.exit(main())
