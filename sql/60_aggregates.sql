-- Aggregates over the aligned rasters of many antennas.

CREATE FUNCTION rpm.fold_level(internal, raster) RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_level' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_level(internal, raster) IS
	'transition function of rpm_strongest(raster)';

CREATE FUNCTION rpm.fold_level(internal, raster, antenna_id bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_level' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_level(internal, raster, bigint) IS
	'transition function of rpm_best_server(raster, bigint)';

CREATE FUNCTION rpm.fold_interference(internal, raster, channel integer, load double precision, noise_dbm double precision)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_interference' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_interference(internal, raster, integer, double precision, double precision) IS
	'transition function of rpm_sinr(raster, integer, double precision, double precision)';

CREATE FUNCTION rpm.fold_interference(internal, raster, channel integer, frequency_mhz double precision, load double precision,
	noise_dbm double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_interference' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_interference(internal, raster, integer, double precision, double precision, double precision) IS
	'transition function of rpm_sinr(raster, integer, double precision, double precision, double precision)';

CREATE FUNCTION rpm.fold_best_server_final(internal) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_best_server_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_best_server_final(internal) IS 'final function of rpm_best_server(raster, bigint)';

CREATE FUNCTION rpm.fold_strongest_final(internal) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_strongest_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_strongest_final(internal) IS 'final function of rpm_strongest(raster)';

CREATE FUNCTION rpm.fold_sinr_final(internal) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_sinr_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_sinr_final(internal) IS
	'final function of rpm_sinr(raster, integer, double precision, double precision)';

CREATE AGGREGATE @extschema@.rpm_best_server(rast raster, antenna_id bigint) (
	SFUNC = rpm.fold_level, STYPE = internal, SSPACE = 4000000,
	FINALFUNC = rpm.fold_best_server_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_best_server(raster, bigint) IS
	'antenna_id of the strongest level in each cell, over aligned rasters in dBm; pixel type 32BSI, nodata -2147483648; of equal levels the smaller antenna_id';

CREATE AGGREGATE @extschema@.rpm_strongest(rast raster) (
	SFUNC = rpm.fold_level, STYPE = internal, SSPACE = 4000000,
	FINALFUNC = rpm.fold_strongest_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_strongest(raster) IS
	'strongest level in each cell, over aligned rasters in dBm or dB; pixel type 32BF, nodata -9999';

CREATE AGGREGATE @extschema@.rpm_sinr(rast raster, channel integer, load double precision, noise_dbm double precision) (
	SFUNC = rpm.fold_interference, STYPE = internal, SSPACE = 8000000,
	FINALFUNC = rpm.fold_sinr_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_sinr(raster, integer, double precision, double precision) IS
	'signal to interference and noise ratio, dB, of the strongest server in each cell: RSRP over the sum of the other co-channel RSRP times load (0 to 1) plus the noise per resource element in dBm; every antenna has a channel';

CREATE AGGREGATE @extschema@.rpm_sinr(rast raster, channel integer, frequency_mhz double precision, load double precision,
	noise_dbm double precision) (
	SFUNC = rpm.fold_interference, STYPE = internal, SSPACE = 8000000,
	FINALFUNC = rpm.fold_sinr_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_sinr(raster, integer, double precision, double precision, double precision) IS
	'as rpm_sinr(rast, channel, load, noise_dbm), for antennas that may have no channel: those of one frequency_mhz (to 1 kHz) interfere';
