-- +goose Up
-- A campaign that is sent again and again has a campaign for each time, an occurrence.
ALTER TABLE campaign ADD COLUMN occurrence_of TEXT NOT NULL DEFAULT ''; -- whose occurrence it is; '' for one of its own
ALTER TABLE campaign ADD COLUMN due BIGINT NOT NULL DEFAULT 0;          -- when an occurrence starts, milliseconds since 1970
ALTER TABLE campaign ADD COLUMN occurred BIGINT NOT NULL DEFAULT 0;     -- the last time that was made or missed, the same
ALTER TABLE campaign ADD COLUMN missed BIGINT NOT NULL DEFAULT 0;       -- how many were missed

-- +goose Down
ALTER TABLE campaign DROP COLUMN missed;
ALTER TABLE campaign DROP COLUMN occurred;
ALTER TABLE campaign DROP COLUMN due;
ALTER TABLE campaign DROP COLUMN occurrence_of;
