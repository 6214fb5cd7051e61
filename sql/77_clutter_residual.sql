/*
 * What other sites' measurements say about a place: residuals of one linear model of all antennas, by antenna and cell of 5 m.
 *
 * rpm_refresh_clutter_residual writes the three tables; they hold nothing that it cannot make again.
 */
CREATE TABLE rpm.clutter_model (
	scene_id integer CONSTRAINT clutter_model_pkey PRIMARY KEY
		CONSTRAINT clutter_model_scene_fkey REFERENCES rpm.scene ON DELETE CASCADE,
	radius_m double precision,
	coefficients double precision[],
	residual_sd_db double precision,
	gains double precision[],
	measurements bigint,
	fitted_at timestamptz
);
COMMENT ON TABLE rpm.clutter_model IS 'the linear model of all antennas of a scene whose residuals rpm.clutter_residual holds; rpm_refresh_clutter_residual writes it';
COMMENT ON COLUMN rpm.clutter_model.scene_id IS 'the scene';
COMMENT ON COLUMN rpm.clutter_model.radius_m IS 'measurements further than this east, west, north or south of their antenna do not count, metres';
COMMENT ON COLUMN rpm.clutter_model.coefficients IS 'of the terms of include/rpm_clutter.h; null until there are measurements';
COMMENT ON COLUMN rpm.clutter_model.residual_sd_db IS 'standard deviation of the residuals, dB';
COMMENT ON COLUMN rpm.clutter_model.gains IS 'how clutter_db is made of the scales: a constant, then the gains at 7.5, 20, 50 and 150 m';
COMMENT ON COLUMN rpm.clutter_model.measurements IS 'measurements that there were when it was fitted';
COMMENT ON COLUMN rpm.clutter_model.fitted_at IS 'when it was fitted';

CREATE TABLE rpm.clutter_antenna (
	scene_id integer CONSTRAINT clutter_antenna_scene_fkey REFERENCES rpm.scene ON DELETE CASCADE,
	antenna_id bigint,
	site_id bigint,
	measurements bigint NOT NULL,
	fingerprint text NOT NULL,
	refreshed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT clutter_antenna_pkey PRIMARY KEY (scene_id, antenna_id)
);
COMMENT ON TABLE rpm.clutter_antenna IS 'antennas whose measurements are in rpm.clutter_residual, and of which state';
COMMENT ON COLUMN rpm.clutter_antenna.scene_id IS 'the scene';
COMMENT ON COLUMN rpm.clutter_antenna.antenna_id IS 'the antenna';
COMMENT ON COLUMN rpm.clutter_antenna.site_id IS 'its site; null: it stands alone';
COMMENT ON COLUMN rpm.clutter_antenna.measurements IS 'how many were used';
COMMENT ON COLUMN rpm.clutter_antenna.fingerprint IS 'of its row and its measurements: where it differs from theirs, they have changed since';
COMMENT ON COLUMN rpm.clutter_antenna.refreshed_at IS 'when';

CREATE TABLE rpm.clutter_residual (
	scene_id integer CONSTRAINT clutter_residual_scene_fkey REFERENCES rpm.scene ON DELETE CASCADE,
	antenna_id bigint,
	site_id bigint,
	tile_column integer,
	tile_row integer,
	cells smallint[] NOT NULL,
	sum_db real[] NOT NULL,
	count integer[] NOT NULL,
	CONSTRAINT clutter_residual_pkey PRIMARY KEY (scene_id, tile_row, tile_column, antenna_id)
);
COMMENT ON TABLE rpm.clutter_residual IS 'residuals of the linear model by antenna and cell of 5 m, in tiles of 64 x 64 cells; rpm_refresh_clutter_residual writes it';
COMMENT ON COLUMN rpm.clutter_residual.scene_id IS 'the scene';
COMMENT ON COLUMN rpm.clutter_residual.antenna_id IS 'the antenna that was received';
COMMENT ON COLUMN rpm.clutter_residual.site_id IS 'its site; null: it stands alone';
COMMENT ON COLUMN rpm.clutter_residual.tile_column IS 'floor(x / 320 m)';
COMMENT ON COLUMN rpm.clutter_residual.tile_row IS 'floor(y / 320 m)';
COMMENT ON COLUMN rpm.clutter_residual.cells IS 'the measured cells of the tile: 64 x row + column, both counted from the south-west';
COMMENT ON COLUMN rpm.clutter_residual.sum_db IS 'sum of the residuals in each of them, dB';
COMMENT ON COLUMN rpm.clutter_residual.count IS 'measurements in each of them';

CREATE INDEX clutter_residual_antenna_idx ON rpm.clutter_residual (scene_id, antenna_id);

SELECT pg_catalog.pg_extension_config_dump('rpm.clutter_model', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.clutter_antenna', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.clutter_residual', '');

CREATE FUNCTION @extschema@.rpm_refresh_clutter_residual(scene text, refit boolean DEFAULT false, radius_m double precision DEFAULT 1280,
	OUT antennas integer, OUT refreshed integer, OUT measurements bigint, OUT left_out bigint, OUT refitted boolean)
	AS 'MODULE_PATHNAME', 'rpm_sql_refresh_clutter_residual' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.rpm_refresh_clutter_residual(text, boolean, double precision) IS
	'brings rpm.clutter_residual up to date: antennas whose row or measurements changed; the model is fitted anew when asked, when radius_m changed or when there are twice as many measurements as it was fitted on';

CREATE FUNCTION @extschema@.rpm_clutter_residual(scene text, points geometry[], exclude_site_id bigint DEFAULT NULL,
	exclude_antenna_id bigint DEFAULT NULL)
	RETURNS TABLE (point integer, clutter_db double precision, residual_db double precision[], weight double precision[])
	AS 'MODULE_PATHNAME', 'rpm_sql_clutter_residual' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 100;
COMMENT ON FUNCTION @extschema@.rpm_clutter_residual(text, geometry[], bigint, bigint) IS
	'what the measurements of sites (all but one) say about points: the best combination, then weighted mean residuals and weights at scales of 7.5, 20, 50 and 150 m';

CREATE FUNCTION @extschema@.rpm_clutter_residual_map(scene text, extent geometry, exclude_site_id bigint DEFAULT NULL,
	exclude_antenna_id bigint DEFAULT NULL) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_clutter_residual_map' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION @extschema@.rpm_clutter_residual_map(text, geometry, bigint, bigint) IS
	'the same as a raster of cells of 5 m; bands: clutter_db, the residuals at 7.5, 20, 50 and 150 m, their weights';

REVOKE EXECUTE ON FUNCTION @extschema@.rpm_refresh_clutter_residual(text, boolean, double precision) FROM PUBLIC;
