-- +goose Up
-- Many processes over one ledger. Times are milliseconds since 1970 by the database's clock.

-- When a page's row was last written: what has changed since a process last looked.
ALTER TABLE page ADD COLUMN stamp BIGINT NOT NULL DEFAULT 0;

-- A process at work, and the providers whose lines it has up, with commas between. One whose
-- beat is too old is dead: its pages go to the others.
CREATE TABLE owner (
    id      TEXT PRIMARY KEY,
    beat    BIGINT NOT NULL,
    started BIGINT NOT NULL,
    build   TEXT   NOT NULL,
    lines   TEXT   NOT NULL
);

-- A duty that one process at a time has.
CREATE TABLE lease (
    name  TEXT PRIMARY KEY,
    owner TEXT   NOT NULL,
    until BIGINT NOT NULL
);

-- What is packed already is not compressed again, and a page's row finds room beside itself.
/*postgres: ALTER TABLE content ALTER COLUMN numbers SET STORAGE EXTERNAL; */
/*postgres: ALTER TABLE content ALTER COLUMN fields SET STORAGE EXTERNAL; */
/*postgres: ALTER TABLE status ALTER COLUMN data SET STORAGE EXTERNAL; */
/*postgres: ALTER TABLE journal ALTER COLUMN data SET STORAGE EXTERNAL; */
/*postgres: ALTER TABLE page SET (fillfactor = 50); */

-- +goose Down
DROP TABLE lease;
DROP TABLE owner;
ALTER TABLE page DROP COLUMN stamp;
