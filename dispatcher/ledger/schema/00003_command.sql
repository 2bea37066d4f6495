-- +goose Up
-- What people have done to campaigns: who, why and when, written with the act itself.
CREATE TABLE command (
    id       BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    campaign TEXT   NOT NULL,
    verb     TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    why      TEXT   NOT NULL
);

-- +goose Down
DROP TABLE command;
