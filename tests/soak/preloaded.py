"""What every daemon imports and reads, imported and read once, in the process that they are forked from."""

import importlib
import pkgutil

import intake
from intake.mail.language import detect

for _one in pkgutil.walk_packages(intake.__path__, "intake."):
    if not _one.name.startswith(("intake.demo", "intake.__main__", "intake.store.migrations")):
        importlib.import_module(_one.name)
for _name in ("sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg", "alembic.runtime.migration"):
    importlib.import_module(_name)
detect("These few words are read so that the models of the languages are loaded.")
