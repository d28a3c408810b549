"""Publishing: the rows as they stand become the next signed version."""

from collections.abc import Callable

from tools.community import database as tables
from tools.community.database import Database
from tools.community.signing import Signer
from tools.community.version import Contents, ListRow, contents_of, following, is_stale


class Publisher:
    """Makes versions, one after the other."""

    def __init__(
        self, database: Database, signer: Signer, site: str, lifetime_s: int, unix: Callable[[], float]
    ) -> None:
        self._database = database
        self._signer = signer
        self._site = site
        self._lifetime_s = lifetime_s
        self._unix = unix

    def publish(self) -> ListRow:
        """Sign and store the next version."""
        with self._database.transaction() as connection:
            contents = Contents(
                tables.people(connection),
                tables.credentials(connection),
                tables.vehicles(connection),
                tables.watchlist(connection),
                tables.schedules(connection),
                tables.calendar(connection),
            )
            row = following(
                tables.newest(connection), self._site, contents, int(self._unix()), self._lifetime_s, self._signer
            )
            tables.add_list(connection, row)
        return row

    def latest(self) -> ListRow | None:
        """The newest version; published anew when half of its life is over. None: nothing was ever published."""
        row = self._database.newest_list()
        if row is not None and is_stale(row, self._unix()):
            return self._publish_again(row)
        return row

    def _publish_again(self, stale: ListRow) -> ListRow:
        """The version after `stale` with what `stale` lists: unpublished edits stay unpublished."""
        with self._database.transaction() as connection:
            newest = tables.newest(connection)
            if newest is not None and newest.version > stale.version:
                return newest
            row = following(stale, self._site, contents_of(stale), int(self._unix()), self._lifetime_s, self._signer)
            tables.add_list(connection, row)
        return row
