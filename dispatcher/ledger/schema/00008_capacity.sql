-- +goose Up
-- What a carrier took when it complained about the rate, by hour of the day (UTC): where the
-- pace begins after a restart. Times are milliseconds since 1970.
CREATE TABLE provider_hour (
    provider TEXT   NOT NULL,
    hour     BIGINT NOT NULL CHECK (hour BETWEEN 0 AND 23),
    rate     BIGINT NOT NULL CHECK (rate > 0), -- segments per second, smoothed over its samples
    samples  BIGINT NOT NULL CHECK (samples > 0),
    at       BIGINT NOT NULL,
    PRIMARY KEY (provider, hour)
);

-- How each process finds its lines; a process takes its own away when it ends.
CREATE TABLE line (
    provider TEXT   NOT NULL,
    owner    TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('up', 'down', 'ill', 'stopped')),
    fault    TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    PRIMARY KEY (provider, owner)
);

-- A page that went to a fall-back, with those who waited; stayed are those of the page that
-- had gone by the provider it came from.
CREATE TABLE hop (
    page     BIGINT NOT NULL,
    epoch    BIGINT NOT NULL, -- of the page after it
    provider TEXT   NOT NULL, -- that it came from
    fallback TEXT   NOT NULL,
    moved    BIGINT NOT NULL CHECK (moved > 0),
    stayed   BIGINT NOT NULL CHECK (stayed >= 0),
    at       BIGINT NOT NULL,
    PRIMARY KEY (page, epoch)
);

-- +goose Down
DROP TABLE hop;
DROP TABLE line;
DROP TABLE provider_hour;
