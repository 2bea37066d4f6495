-- +goose Up
-- Why a campaign is in the state it is in, for people: a restored ledger says so here.
ALTER TABLE campaign ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE campaign DROP COLUMN note;
