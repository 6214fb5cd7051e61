-- Empirical path-loss models, the loss along a profile, and models fitted to what was measured.

CREATE FUNCTION @extschema@.rpm_path_loss(model text, distance_m double precision, frequency_mhz double precision,
	antenna_height_m double precision, receiver_height_m double precision DEFAULT 1.5,
	environment text DEFAULT NULL,
	outside_range text DEFAULT 'error',
	roof_height_m double precision DEFAULT NULL,
	street_width_m double precision DEFAULT NULL,
	building_separation_m double precision DEFAULT NULL,
	building_length_m double precision DEFAULT NULL,
	street_angle_deg double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'rpm_sql_path_loss' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rpm_path_loss(text, double precision, double precision, double precision, double precision, text, text,
	double precision, double precision, double precision, double precision, double precision) IS
	'median path loss between isotropic antennas by an empirical model (rpm_path_loss_models lists them), dB; null for null; outside the ranges of its source an error, null or the formula continued, as outside_range says';

CREATE FUNCTION @extschema@.rpm_path_loss_detail(model text, distance_m double precision, frequency_mhz double precision,
	antenna_height_m double precision, receiver_height_m double precision DEFAULT 1.5,
	environment text DEFAULT NULL,
	roof_height_m double precision DEFAULT NULL,
	street_width_m double precision DEFAULT NULL,
	building_separation_m double precision DEFAULT NULL,
	building_length_m double precision DEFAULT NULL,
	street_angle_deg double precision DEFAULT NULL,
	OUT loss_db double precision, OUT sigma_db double precision, OUT line_of_sight_probability double precision,
	OUT within_range boolean, OUT remark text)
	AS 'MODULE_PATHNAME', 'rpm_sql_path_loss_detail' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rpm_path_loss_detail(text, double precision, double precision, double precision, double precision, text,
	double precision, double precision, double precision, double precision, double precision) IS
	'as rpm_path_loss, with the standard deviation over places and the probability of line of sight where the model states them; outside its ranges within_range is false and remark says which';

CREATE FUNCTION @extschema@.rpm_path_loss_models()
	RETURNS TABLE (model text, environment text, is_default boolean, frequency_min_mhz double precision, frequency_max_mhz double precision,
		distance_min_m double precision, distance_max_m double precision, antenna_height_min_m double precision,
		antenna_height_max_m double precision, receiver_height_min_m double precision, receiver_height_max_m double precision, source text)
	AS 'MODULE_PATHNAME', 'rpm_sql_path_loss_models' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 27;
COMMENT ON FUNCTION @extschema@.rpm_path_loss_models() IS
	'the empirical path-loss models and environments, with the ranges that their sources state (null: none) and the sources';

CREATE FUNCTION @extschema@.rpm_path_loss_profile(distances_m double precision[], heights_m double precision[],
	frequency_mhz double precision, antenna_height_m double precision, receiver_height_m double precision DEFAULT 1.5,
	clutter_m double precision[] DEFAULT NULL,
	zones integer[] DEFAULT NULL,
	polarisation text DEFAULT 'vertical',
	time_percent double precision DEFAULT 50,
	location_percent double precision DEFAULT 50,
	location_sigma_db double precision DEFAULT NULL,
	resolution_m double precision DEFAULT 100,
	latitude_deg double precision DEFAULT 45,
	refractivity_gradient double precision DEFAULT 45,
	sea_level_refractivity double precision DEFAULT 325,
	antenna_coast_km double precision DEFAULT 500,
	receiver_coast_km double precision DEFAULT 500,
	outside_range text DEFAULT 'error',
	OUT loss_db double precision, OUT free_space_db double precision, OUT diffraction_db double precision, OUT ducting_db double precision,
	OUT troposcatter_db double precision, OUT horizon_free boolean, OUT sigma_db double precision, OUT within_range boolean)
	AS 'MODULE_PATHNAME', 'rpm_sql_path_loss_profile' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.rpm_path_loss_profile(double precision[], double precision[], double precision, double precision,
	double precision, double precision[], integer[], text, double precision, double precision, double precision, double precision,
	double precision, double precision, double precision, double precision, double precision, text) IS
	'path loss along a profile of ground and clutter by ITU-R P.1812-7, not exceeded for so much of the time at so many of the places, with its parts; zones: 1 sea, 3 coastal land, 4 inland; null for null';

CREATE FUNCTION @extschema@.rpm_fit_path_loss(scene text,
	per text DEFAULT 'antenna',
	antennas bigint[] DEFAULT NULL,
	sites bigint[] DEFAULT NULL,
	terms text[] DEFAULT NULL,
	least_count integer DEFAULT 10,
	huber_k double precision DEFAULT 1.345,
	include_indoor boolean DEFAULT false)
	RETURNS TABLE (site_id bigint, antenna_id bigint, measurement_count bigint, distance_min_m double precision,
		distance_max_m double precision, fitted text, remark text, intercept_db double precision, slope_db double precision,
		pattern_factor double precision, frequency_db double precision, antenna_height_db double precision,
		intercept_error_db double precision, slope_error_db double precision, pattern_error double precision,
		frequency_error_db double precision, antenna_height_error_db double precision, scale_db double precision,
		residual_sd_db double precision, r_squared double precision)
	AS 'MODULE_PATHNAME', 'rpm_sql_fit_path_loss' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION @extschema@.rpm_fit_path_loss(text, text, bigint[], bigint[], text[], integer, double precision, boolean) IS
	'path-loss lines fitted robustly to a scene''s measurements, per antenna, site or network: rs_power_dbm - losses_db - rsrp_dbm = intercept_db + slope_db log10(distance in m) + the terms asked for (pattern, frequency, antenna_height); fitted says whether a row is its own or the network''s, remark why';
