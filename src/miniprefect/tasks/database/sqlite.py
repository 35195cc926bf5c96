"""Tasks on SQLite databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from miniprefect.core.task import Task
from miniprefect.utilities.tasks import defaults_from_attrs


@contextmanager
def _connection(db: str | None) -> Iterator[sqlite3.Connection]:
    """Open a database; what is written is kept if the block ends well."""
    if not db:
        raise ValueError("The db must be specified")
    with closing(sqlite3.connect(db)) as connection, connection:
        yield connection


class SQLiteQuery(Task):
    """Execute one statement of SQL; the result is the list of rows, as tuples.

    Args:
        db: the file that holds the database.
        query: the statement.
        data: values for its placeholders: a tuple for ``?``, a dict for ``:name``.
        **kwargs: as for `Task`.
    """

    def __init__(self, db: str | None = None, query: str | None = None, data: Any = (), **kwargs: Any) -> None:
        self.db = db
        self.query = query
        self.data = data
        super().__init__(**kwargs)

    @defaults_from_attrs("db", "query", "data")
    def run(self, db: str | None = None, query: str | None = None, data: Any = ()) -> list[Any]:
        """Execute the statement and return all rows.

        Args:
            db: the file that holds the database.
            query: the statement.
            data: values for its placeholders.

        Raises:
            ValueError: there is no database or no statement.
            sqlite3.Error: SQLite can't do it.
        """
        if query is None:
            raise ValueError("The query string must be specified")
        with _connection(db) as connection:
            return connection.execute(query, data).fetchall()


class SQLiteScript(Task):
    """Execute a script of SQL, of any number of statements.

    Args:
        db: the file that holds the database.
        script: the statements, each with its semicolon.
        **kwargs: as for `Task`.
    """

    def __init__(self, db: str | None = None, script: str | None = None, **kwargs: Any) -> None:
        self.db = db
        self.script = script
        super().__init__(**kwargs)

    @defaults_from_attrs("db", "script")
    def run(self, db: str | None = None, script: str | None = None) -> None:
        """Execute the script. Statements before one that fails keep their effect, unless it begins a transaction.

        Args:
            db: the file that holds the database.
            script: the statements.

        Raises:
            ValueError: there is no database or no script.
            sqlite3.Error: SQLite can't do it.
        """
        if script is None:
            raise ValueError("The query script string must be specified")
        with _connection(db) as connection:
            connection.executescript(script)
