"""Triggers that let a table only grow, whoever writes to it and by whatever statement.

Rows go only by a purge, which is itself a row: ``action`` is "purged", and ``purged_through`` is
the last ID that may go. That row stays for good, and no purge may cover rows of the last months.
Whoever owns the table can drop the triggers, so config/README.md says how to run the application
as another user of PostgreSQL. SQLite has no users: there, the file's rights decide.
"""

from __future__ import annotations

#: Entries that are younger cannot be purged.
FEWEST_DAYS = 90


def names_of(table: str, vendor: str) -> list[str]:
    """Return the names of the triggers of a table."""
    kinds = ["update", "delete", "insert"]
    return [f"{table}_{kind}" for kind in [*kinds, *(["truncate"] * (vendor == "postgresql"))]]


def create(table: str, vendor: str) -> list[str]:
    """Return the statements that protect a table."""
    statements = _POSTGRESQL if vendor == "postgresql" else _SQLITE
    days = str(FEWEST_DAYS)
    return [one.replace("@TABLE@", table).replace("@DAYS@", days).strip() for one in statements]


def drop(table: str, vendor: str) -> list[str]:
    """Return the statements that remove the protection."""
    if vendor != "postgresql":
        return [f'DROP TRIGGER IF EXISTS "{name}"' for name in names_of(table, vendor)]
    dropped = [f'DROP TRIGGER IF EXISTS "{one}" ON "{table}"' for one in names_of(table, vendor)]
    return [*dropped, f'DROP FUNCTION IF EXISTS "{table}_guard"()']


# REPLACE would delete the old row without a delete trigger, so a taken ID is refused first.
_SQLITE = (
    """
CREATE TRIGGER "@TABLE@_update" BEFORE UPDATE ON "@TABLE@" BEGIN
  SELECT RAISE(ABORT, 'Audit entries cannot be changed.');
END""",
    """
CREATE TRIGGER "@TABLE@_delete" BEFORE DELETE ON "@TABLE@"
WHEN OLD.action = 'purged' OR NOT EXISTS (
  SELECT 1 FROM "@TABLE@" AS purge
  WHERE purge.action = 'purged' AND purge.purged_through >= OLD.id
) BEGIN
  SELECT RAISE(ABORT, 'Audit entries can only be deleted by a purge: manage.py purgeaudit.');
END""",
    """
CREATE TRIGGER "@TABLE@_insert" BEFORE INSERT ON "@TABLE@" BEGIN
  SELECT RAISE(ABORT, 'There is an audit entry with this ID.')
  WHERE EXISTS (SELECT 1 FROM "@TABLE@" AS taken WHERE taken.id = NEW.id);
  SELECT RAISE(ABORT, 'Audit entries of the last @DAYS@ days cannot be purged.')
  WHERE NEW.action = 'purged' AND EXISTS (
    SELECT 1 FROM "@TABLE@" AS young WHERE young.id <= NEW.purged_through
    AND young.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-@DAYS@ days')
  );
END""",
)
# Without a search path: a temporary table of the same name must not stand in for this one.
_POSTGRESQL = (
    """
CREATE FUNCTION "@TABLE@_guard"() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE found boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.action = 'purged' THEN
      EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %I.%I WHERE id <= $1'
        ' AND at > now() - interval ''@DAYS@ days'')',
        TG_TABLE_SCHEMA, TG_TABLE_NAME
      ) INTO found USING NEW.purged_through;
      IF found THEN
        RAISE EXCEPTION 'Audit entries of the last @DAYS@ days cannot be purged.';
      END IF;
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'Audit entries cannot be changed.';
  END IF;
  IF TG_OP = 'DELETE' AND OLD.action <> 'purged' THEN
    EXECUTE format(
      'SELECT EXISTS (SELECT 1 FROM %I.%I WHERE action = ''purged'' AND purged_through >= $1)',
      TG_TABLE_SCHEMA, TG_TABLE_NAME
    ) INTO found USING OLD.id;
    IF found THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'Audit entries can only be deleted by a purge: manage.py purgeaudit.';
END $$""",
    *(
        f"""
CREATE TRIGGER "@TABLE@_{kind.lower()}" BEFORE {kind} ON "@TABLE@"
FOR EACH {each} EXECUTE FUNCTION "@TABLE@_guard"()"""
        for kind, each in (
            *(("INSERT", "ROW"), ("UPDATE", "ROW"), ("DELETE", "ROW")),
            ("TRUNCATE", "STATEMENT"),
        )
    ),
)
