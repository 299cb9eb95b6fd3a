"""Plugin of pytest: the original's tests get databases with our schema (see interop/original-suites)."""

import os
import subprocess

import psycopg
from django.db import connections
from django.db.models.signals import post_migrate
from procrastinate import schema

# The tests forget variables that begin so, and the layout is none of their business.
COMMAND = os.environ.pop("PROCRASTINATE_JAVA").split()
LAYOUT = os.environ.pop("LAYOUT")


def url(database):
    user, host, port = (os.environ[name] for name in ("PGUSER", "PGHOST", "PGPORT"))
    return f"postgresql://{user}@{host}:{port}/{database}"


def change(database, *options):
    for option in options:
        subprocess.run(
            [*COMMAND, "--url", url(database), "schema", option], check=True
        )


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def deoptimized():
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS procrastinate_deoptimized")
        connection.execute("CREATE DATABASE procrastinate_deoptimized")
    change("procrastinate_deoptimized", "--apply", "--deoptimize")
    dump = output(
        "pg_dump", "--schema-only", "--no-owner", url("procrastinate_deoptimized")
    )
    psql = ("SELECT pg_catalog.set_config", "\\")
    return "\n".join(line for line in dump.splitlines() if not line.startswith(psql))


SCHEMAS = {
    "original": schema.SchemaManager.get_schema,
    "optimized": lambda: output(*COMMAND, "schema", "--read"),
    "deoptimized": deoptimized,
}
SCHEMA = SCHEMAS[LAYOUT]()
schema.SchemaManager.get_schema = staticmethod(lambda: SCHEMA)


def change_what_django_made(sender, using, **_):
    if sender.label == "procrastinate" and LAYOUT != "original":
        database = connections[using].settings_dict["NAME"]
        change(database, "--optimize")
        if LAYOUT == "deoptimized":
            change(database, "--deoptimize")


def pytest_configure(config):
    post_migrate.connect(change_what_django_made, weak=False)
