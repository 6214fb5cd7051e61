/*
 * Calibration: what a site's measurements say of its antennas, of materials and of buildings.  The computation alone: nothing is kept here.
 */

CREATE FUNCTION rpm_calibration_fit(site bigint, scene text DEFAULT NULL,
	method text DEFAULT 'building',
	loss text DEFAULT 'huber',
	floor_dbm double precision DEFAULT NULL,
	initial jsonb DEFAULT NULL,
	split text DEFAULT NULL,
	max_iterations integer DEFAULT 60,
	share double precision DEFAULT 0.7,
	seed bigint DEFAULT 1,
	cell_size_m double precision DEFAULT NULL,
	mechanisms text[] DEFAULT '{line_of_sight,reflection,scattering,diffraction,over_roofs}',
	max_depth integer DEFAULT 2,
	samples bigint DEFAULT 100000,
	radius_m double precision DEFAULT 1280,
	over_roofs text DEFAULT 'shadow',
	indoor boolean DEFAULT NULL,
	correlation_m double precision DEFAULT 50,
	OUT parameters jsonb, OUT metrics jsonb, OUT data_fingerprint text, OUT scene_fingerprint text, OUT duration_ms double precision)
	RETURNS record
	AS 'MODULE_PATHNAME', 'rpm_sql_calibration_fit' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION rpm_calibration_fit(bigint, text, text, text, double precision, jsonb, text, integer, double precision, bigint,
	double precision, text[], integer, bigint, double precision, text, boolean, double precision) IS
	'antennas (A), materials (M), both (AM), both by embeddings (AMv) or both and each building (building) of a site, fitted to its measured cells; split ''pixel'' or ''block'' holds 1 - share of the cells out';
