-- +goose Up
-- Cell broadcasts: what was to be sent where, by whom and why, before a byte left; and what became of it.
CREATE TABLE broadcast (
    key        TEXT PRIMARY KEY,
    at         BIGINT NOT NULL,
    provider   TEXT   NOT NULL,
    who        TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    text       TEXT   NOT NULL,
    areas      TEXT   NOT NULL, -- JSON
    content    BIGINT NOT NULL, -- broadcast_content_type of the generic network
    priority   BIGINT NOT NULL,
    repeat     BIGINT NOT NULL,
    every      BIGINT NOT NULL, -- milliseconds; 0: as often as possible
    state      TEXT   NOT NULL CHECK (state IN ('in_doubt', 'taken', 'refused', 'not_sent')),
    ref        TEXT   NOT NULL, -- what the carrier calls it
    code       BIGINT NOT NULL, -- the carrier's command_status
    failed     TEXT   NOT NULL, -- JSON: areas that it does not reach
    settled    BIGINT NOT NULL, -- when the state was known; 0: it is not
    -- The cancel of it: '' when there was none.
    cancel     TEXT   NOT NULL CHECK (cancel IN ('', 'in_doubt', 'taken', 'refused', 'not_sent')),
    cancel_at  BIGINT NOT NULL,
    cancel_who TEXT   NOT NULL,
    cancel_why TEXT   NOT NULL
);

-- +goose Down
DROP TABLE broadcast;
