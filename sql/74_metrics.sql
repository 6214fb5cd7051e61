/*
 * Predicted against measured.
 */

CREATE TYPE rpm.comparison AS (
	cell_count bigint,
	measured_only_count bigint,
	predicted_only_count bigint,
	rmse_db double precision,
	mae_db double precision,
	bias_db double precision,
	pcc double precision,
	ssim double precision,
	ssim_window_count bigint,
	smape double precision,
	r2 double precision,
	hole_count bigint,
	hole_precision double precision,
	hole_recall double precision,
	hole_f1 double precision);
COMMENT ON TYPE rpm.comparison IS 'error metrics of predicted levels against measured ones; null where one is not defined';
COMMENT ON COLUMN rpm.comparison.cell_count IS 'cells or rows with both values: all figures but the next two are over these';
COMMENT ON COLUMN rpm.comparison.measured_only_count IS 'measured and not predicted';
COMMENT ON COLUMN rpm.comparison.predicted_only_count IS 'predicted and not measured';
COMMENT ON COLUMN rpm.comparison.rmse_db IS 'root of the mean squared error, dB';
COMMENT ON COLUMN rpm.comparison.mae_db IS 'mean absolute error, dB';
COMMENT ON COLUMN rpm.comparison.bias_db IS 'mean of predicted - measured, dB';
COMMENT ON COLUMN rpm.comparison.pcc IS 'Pearson''s correlation';
COMMENT ON COLUMN rpm.comparison.ssim IS 'structural similarity over the windows that count; rasters only';
COMMENT ON COLUMN rpm.comparison.ssim_window_count IS 'how many windows that are';
COMMENT ON COLUMN rpm.comparison.smape IS 'mean of |p - m| / (|p| + |m|), a share';
COMMENT ON COLUMN rpm.comparison.r2 IS 'coefficient of determination';
COMMENT ON COLUMN rpm.comparison.hole_count IS 'measured below the threshold';
COMMENT ON COLUMN rpm.comparison.hole_precision IS 'of what is predicted below the threshold the share measured below it';
COMMENT ON COLUMN rpm.comparison.hole_recall IS 'of what is measured below the threshold the share predicted below it';
COMMENT ON COLUMN rpm.comparison.hole_f1 IS 'harmonic mean of the two';

CREATE FUNCTION rpm_compare(predicted raster, measured raster,
	threshold_dbm double precision DEFAULT -103,
	ssim_window_cells integer DEFAULT 7,
	ssim_least_cells integer DEFAULT NULL,
	ssim_range_db double precision DEFAULT 96)
	RETURNS rpm.comparison
	AS 'MODULE_PATHNAME', 'rpm_sql_compare' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION rpm_compare(raster, raster, double precision, integer, integer, double precision) IS
	'error metrics of a predicted raster against a measured one over the cells that both have; bands 1; the grids must align';

CREATE FUNCTION rpm.compare_points_add(state double precision[], predicted double precision, measured double precision) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'rpm_sql_compare_points_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.compare_points_add(double precision[], double precision, double precision) IS
	'transition function of rpm_compare_points(double precision, double precision)';

CREATE FUNCTION rpm.compare_points_add(state double precision[], predicted double precision, measured double precision, threshold_dbm double precision)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'rpm_sql_compare_points_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.compare_points_add(double precision[], double precision, double precision, double precision) IS
	'transition function of rpm_compare_points(double precision, double precision, double precision)';

CREATE FUNCTION rpm.compare_points_merge(state double precision[], other double precision[]) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'rpm_sql_compare_points_merge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rpm.compare_points_merge(double precision[], double precision[]) IS 'combine function of rpm_compare_points';

CREATE FUNCTION rpm.compare_points_final(state double precision[]) RETURNS rpm.comparison
	AS 'MODULE_PATHNAME', 'rpm_sql_compare_points_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rpm.compare_points_final(double precision[]) IS 'final function of rpm_compare_points';

CREATE AGGREGATE rpm_compare_points(predicted double precision, measured double precision) (
	SFUNC = rpm.compare_points_add, STYPE = double precision[], COMBINEFUNC = rpm.compare_points_merge, FINALFUNC = rpm.compare_points_final,
	INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0}', PARALLEL = SAFE);
COMMENT ON AGGREGATE rpm_compare_points(double precision, double precision) IS
	'error metrics of predicted levels against measured ones, row by row; holes are below -103 dBm';

CREATE AGGREGATE rpm_compare_points(predicted double precision, measured double precision, threshold_dbm double precision) (
	SFUNC = rpm.compare_points_add, STYPE = double precision[], COMBINEFUNC = rpm.compare_points_merge, FINALFUNC = rpm.compare_points_final,
	INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0}', PARALLEL = SAFE);
COMMENT ON AGGREGATE rpm_compare_points(double precision, double precision, double precision) IS
	'the same with holes below a threshold of one''s own, dBm';
