-- +goose Up
-- Times are milliseconds since 1970. The text is understood by SQLite and PostgreSQL alike.

-- A campaign: its definition, and the plan's totals. rows = planned + excluded.
CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    key         TEXT   NOT NULL UNIQUE,
    title       TEXT   NOT NULL,
    class       BIGINT NOT NULL CHECK (class BETWEEN 0 AND 2),
    state       TEXT   NOT NULL CHECK (state IN ('draft', 'submitted', 'approved', 'scheduled', 'running', 'paused', 'finished', 'cancelled')),
    hash        TEXT   NOT NULL,
    path        TEXT   NOT NULL,
    definition  TEXT   NOT NULL,
    columns     TEXT   NOT NULL,
    reasons     TEXT   NOT NULL,
    summary     TEXT   NOT NULL,
    total_rows  BIGINT NOT NULL,
    planned     BIGINT NOT NULL,
    excluded    BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    started     BIGINT NOT NULL DEFAULT 0,
    finished    BIGINT NOT NULL DEFAULT 0,
    CHECK (total_rows = planned + excluded)
);

-- A page: up to 1,000 recipients of one campaign on one route, and how many of them are in each
-- state. The counts change in the transaction that writes the journal, so they hold at every instant.
CREATE TABLE page (
    id        INTEGER PRIMARY KEY,
    campaign  BIGINT NOT NULL,
    series    BIGINT NOT NULL,
    sequence  BIGINT NOT NULL,
    route     TEXT   NOT NULL,
    provider  TEXT   NOT NULL,
    lowest    BIGINT NOT NULL,
    highest   BIGINT NOT NULL,
    size      BIGINT NOT NULL,
    planned_segments BIGINT NOT NULL,
    epoch     BIGINT NOT NULL DEFAULT 0,
    owner     TEXT   NOT NULL DEFAULT '',
    version   BIGINT NOT NULL DEFAULT 0,
    folded    BIGINT NOT NULL DEFAULT 0,
    waiting   BIGINT NOT NULL CHECK (waiting >= 0),
    offered   BIGINT NOT NULL DEFAULT 0 CHECK (offered >= 0),
    in_doubt  BIGINT NOT NULL DEFAULT 0 CHECK (in_doubt >= 0),
    accepted  BIGINT NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    delivered BIGINT NOT NULL DEFAULT 0 CHECK (delivered >= 0),
    failed    BIGINT NOT NULL DEFAULT 0 CHECK (failed >= 0),
    expired   BIGINT NOT NULL DEFAULT 0 CHECK (expired >= 0),
    cancelled BIGINT NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    resent    BIGINT NOT NULL DEFAULT 0,
    segments  BIGINT NOT NULL DEFAULT 0,
    CHECK (waiting + offered + in_doubt + accepted + delivered + failed + expired + cancelled = size)
);
CREATE INDEX page_campaign ON page (campaign, sequence);

-- What the plan froze: numbers, line numbers, fields. Never changes.
CREATE TABLE content (
    page    INTEGER PRIMARY KEY,
    numbers BLOB NOT NULL,
    fields  BLOB NOT NULL
);

-- The recipients' states, reasons, references and times as of the page's version folded.
CREATE TABLE status (
    page   INTEGER PRIMARY KEY,
    data   BLOB NOT NULL
);

-- The journal: what one transaction did to one page, many records packed in each row. Each
-- transaction that touches a page takes it to its next version; rows up to page.folded are gone.
CREATE TABLE journal (
    page    BIGINT NOT NULL,
    version BIGINT NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (page, version)
) /*sqlite: WITHOUT ROWID */;

-- Rows of audience files that are no recipients, packed.
CREATE TABLE exclusion (
    campaign BIGINT NOT NULL,
    chunk    BIGINT NOT NULL,
    data     BLOB NOT NULL,
    PRIMARY KEY (campaign, chunk)
);

-- Numbers that no campaign may reach.
CREATE TABLE suppression (
    number BIGINT PRIMARY KEY,
    why    TEXT   NOT NULL,
    since  BIGINT NOT NULL
);

-- Messages from people, and whatever else arrived that is no receipt.
CREATE TABLE incoming (
    id        BIGINT PRIMARY KEY,
    provider  TEXT   NOT NULL,
    sender    TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    text      TEXT   NOT NULL,
    at        BIGINT NOT NULL
);

-- Receipts that found no recipient. They are tried again for a while, then kept.
CREATE TABLE orphan (
    id       BIGINT PRIMARY KEY,
    provider TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    ref      TEXT   NOT NULL,
    state    BIGINT NOT NULL,
    reason   BIGINT NOT NULL,
    code     BIGINT NOT NULL,
    done     BIGINT NOT NULL,
    at       BIGINT NOT NULL
);

-- +goose Down
DROP TABLE orphan;
DROP TABLE incoming;
DROP TABLE suppression;
DROP TABLE exclusion;
DROP TABLE journal;
DROP TABLE status;
DROP TABLE content;
DROP TABLE page;
DROP TABLE campaign;
