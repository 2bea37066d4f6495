-- +goose Up
-- What people send us, and what it means. A number and a campaign are 0 where they are not known.
ALTER TABLE incoming ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incoming ADD COLUMN campaign BIGINT NOT NULL DEFAULT 0;  -- the one it answers
ALTER TABLE incoming ADD COLUMN meaning TEXT NOT NULL DEFAULT '';    -- opt_out, opt_in, answer or other; '' before schema 14
ALTER TABLE incoming ADD COLUMN keyword TEXT NOT NULL DEFAULT '';    -- of an answer, as the definition writes it
ALTER TABLE incoming ADD COLUMN ref TEXT NOT NULL DEFAULT '';        -- what the carrier calls it; '' where it gives no name
CREATE INDEX incoming_campaign ON incoming (campaign, number);
CREATE INDEX incoming_sender ON incoming (sender, at);

-- Whether a number is on the list by its owner's own message; only such a one comes off by a message.
ALTER TABLE suppression ADD COLUMN own BIGINT NOT NULL DEFAULT 0 CHECK (own IN (0, 1));
CREATE INDEX suppression_since ON suppression (since);

-- How numbers came onto the list and off it.
CREATE TABLE consent (
    id       BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    verb     TEXT   NOT NULL CHECK (verb IN ('out', 'in')),
    who      TEXT   NOT NULL, -- a person, or the provider that brought the message
    why      TEXT   NOT NULL,
    campaign BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX consent_at ON consent (at);

-- How many of the cancelled are so because they opted out.
ALTER TABLE page ADD COLUMN opted_out BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE page DROP COLUMN opted_out;
DROP TABLE consent;
DROP INDEX suppression_since;
ALTER TABLE suppression DROP COLUMN own;
DROP INDEX incoming_sender;
DROP INDEX incoming_campaign;
ALTER TABLE incoming DROP COLUMN ref;
ALTER TABLE incoming DROP COLUMN keyword;
ALTER TABLE incoming DROP COLUMN meaning;
ALTER TABLE incoming DROP COLUMN campaign;
ALTER TABLE incoming DROP COLUMN number;
