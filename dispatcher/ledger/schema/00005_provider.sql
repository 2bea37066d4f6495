-- +goose Up
-- What people have told providers; one that is not here is enabled and keeps its configured rate.
CREATE TABLE provider (
    name  TEXT PRIMARY KEY,
    state TEXT   NOT NULL CHECK (state IN ('enabled', 'draining', 'disabled')),
    rate  BIGINT NOT NULL CHECK (rate >= 0), -- segments per second; 0: the configured one
    who   TEXT   NOT NULL,
    why   TEXT   NOT NULL,
    at    BIGINT NOT NULL
);
ALTER TABLE command ADD COLUMN provider TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE command DROP COLUMN provider;
DROP TABLE provider;
