/*
 * Prediction: a prior and the residual field of what was measured.
 */

CREATE FUNCTION rpm_predict(antenna_id bigint, scene text DEFAULT NULL,
	method text DEFAULT 'best',
	cell_size_m double precision DEFAULT NULL,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	size_cells integer DEFAULT 512,
	prior text DEFAULT NULL,
	sharing text DEFAULT 'site',
	seed bigint DEFAULT 1)
	RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_predict' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION rpm_predict(bigint, text, text, double precision, geometry, raster, integer, text, text, bigint) IS
	'the best estimate of an antenna''s level from its measurements and a prior; bands: RSRP (dBm) and the standard deviation of a new measurement (dB); 32BF, nodata -9999';

CREATE FUNCTION rpm_predict_report(antenna_id bigint, scene text DEFAULT NULL,
	method text DEFAULT 'best',
	cell_size_m double precision DEFAULT NULL,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	size_cells integer DEFAULT 512,
	prior text DEFAULT NULL,
	sharing text DEFAULT 'site',
	seed bigint DEFAULT 1,
	OUT prior_chosen text, OUT prior_source text,
	OUT measurements bigint, OUT measurements_outside bigint, OUT measurements_unusable bigint,
	OUT cells bigint, OUT site_cells bigint, OUT other_cells bigint,
	OUT validation_points bigint, OUT mae_db double precision, OUT rmse_db double precision, OUT candidates jsonb,
	OUT noise_sd_db double precision, OUT place_sd_db double precision,
	OUT short_sd_db double precision, OUT short_range_m double precision,
	OUT long_sd_db double precision, OUT long_range_m double precision,
	OUT site_share double precision, OUT other_share double precision,
	OUT covariance_source text, OUT covariance_reason text,
	OUT coverage_near double precision, OUT scale_near double precision,
	OUT coverage_far double precision, OUT scale_far double precision,
	OUT coefficients double precision[])
	RETURNS record
	AS 'MODULE_PATHNAME', 'rpm_sql_predict_report' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION rpm_predict_report(bigint, text, text, double precision, geometry, raster, integer, text, text, bigint) IS
	'what rpm_predict with these arguments rests on: the prior and how each candidate validates by blocks of 100 m, the covariance of the residual field, how intervals were calibrated';
