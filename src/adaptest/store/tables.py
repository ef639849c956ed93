"""The tables of the newest revision; migrations/ says how older ones become these."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

# What is stored once and named by its content: designs, pools, item texts as shown.
artifacts = Table(
    "artifacts",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),
)

# The only place where a person is named; an erased row keeps its pseudonym and nothing else.
candidates = Table(
    "candidates",
    METADATA,
    Column("pseudonym", String(32), primary_key=True),
    Column("candidate", String(200), unique=True),
    Column("created_at", String(32), nullable=False),
    Column("erased_at", String(32)),
)

# `length` and `head` say how long the log is and what its last hash is, so that a cut tail is found.
sittings = Table(
    "sittings",
    METADATA,
    Column("sitting", String(32), primary_key=True),
    Column("pseudonym", String(32), ForeignKey("candidates.pseudonym"), nullable=False, index=True),
    Column("exam", String(200), nullable=False, index=True),
    Column("facts", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("length", Integer, nullable=False),
    Column("head", String(64), nullable=False),
)

# Append-only. `hash` is SHA-256 over the hash before it and `body`.
events = Table(
    "events",
    METADATA,
    Column("sitting", String(32), ForeignKey("sittings.sitting"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("type", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    CheckConstraint("sequence >= 0", name="sequence_from_zero"),
    Index("events_by_type", "type"),
)

# Which item was shown where: read from the events, so that counting needs no log to be read.
presentations = Table(
    "presentations",
    METADATA,
    Column("sitting", String(32), ForeignKey("sittings.sitting"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("item", String(200), nullable=False),
    Index("presentations_by_item", "item"),
)

# Which visit of a theta band a sitting's was, of all visits of that band by its counter, from 1.
band_visits = Table(
    "band_visits",
    METADATA,
    Column("sitting", String(32), ForeignKey("sittings.sitting"), primary_key=True),
    Column("band", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)

# How many visits each theta band had: as they came, and with older ones faded.
bands = Table(
    "bands",
    METADATA,
    Column("counter", String(64), primary_key=True),
    Column("band", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("visits", Double, nullable=False),
)

# Of these visits, faded: how many could not be shown an item there, and how many were shown it.
band_items = Table(
    "band_items",
    METADATA,
    Column("counter", String(64), primary_key=True),
    Column("band", Integer, primary_key=True, autoincrement=False),
    Column("item", String(200), primary_key=True),
    Column("barred", Double, nullable=False),
    Column("taken", Double, nullable=False),
)
