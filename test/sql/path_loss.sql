-- Empirical path-loss models, the loss along a profile, and lines fitted to measurements: published values, ranges, errors.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on

-- Published values: ns-3's vectors for TR 38.901 and Hata, P.1411-12 by its Table 4.
SELECT round(rpm_path_loss('free_space', 1000, 1000, 10, 10)::numeric, 4) AS free_space,
	round(rpm_path_loss('okumura_hata', 2000, 869, 30, 1)::numeric, 3) AS hata,
	round(rpm_path_loss('okumura_hata', 2000, 869, 30, 1, 'open')::numeric, 3) AS hata_open,
	round(rpm_path_loss('cost231_hata', 2000, 2114, 30, 1, 'urban_large_city', outside_range => 'extrapolate')::numeric, 3) AS cost231,
	round(rpm_path_loss('ericsson_9999', 1000, 900, 30)::numeric, 3) AS ericsson;
SELECT environment, round(rpm_path_loss('tr38901_uma', 1000, 5000, 25, 1.5, environment)::numeric, 4) AS uma,
	round(rpm_path_loss('tr38901_umi', 1000, 5000, 10, 1.5, environment)::numeric, 4) AS umi,
	round(rpm_path_loss('tr38901_rma', 1000, 5000, 35, 1.5, environment)::numeric, 4) AS rma
FROM unnest('{los,nlos}'::text[]) AS environment;
SELECT round(rpm_path_loss('p1411_below_rooftop', 100, 10000, 5, 5, 'los')::numeric, 4) AS below_rooftop,
	round(rpm_path_loss('p1411_over_rooftops', 2000, 900, 40, environment => 'urban_large_city', roof_height_m => 20, building_length_m => 1500,
		building_separation_m => 50, street_width_m => 20, street_angle_deg => 45)::numeric, 2) AS over_rooftops;
-- The mean over line of sight and none, its deviation, and what is said outside a range.
SELECT round(loss_db::numeric, 3) AS loss_db, round(sigma_db::numeric, 3) AS sigma_db, round(line_of_sight_probability::numeric, 5) AS line_of_sight,
	within_range, remark
FROM rpm_path_loss_detail('tr38901_uma', 100, 3500, 25);
SELECT sigma_db, line_of_sight_probability, within_range, remark FROM rpm_path_loss_detail('okumura_hata', 100, 3500, 25);
-- The catalogue: as many defaults as models; every row computes inside its own ranges.
SELECT count(*) AS environments, count(DISTINCT model) AS models, count(*) FILTER (WHERE is_default) AS defaults, bool_and(source <> '') AS sources FROM rpm_path_loss_models();
SELECT model, frequency_min_mhz, frequency_max_mhz, distance_min_m, distance_max_m, antenna_height_min_m, antenna_height_max_m, receiver_height_min_m, receiver_height_max_m
FROM rpm_path_loss_models() WHERE is_default;
SELECT bool_and(rpm_path_loss(model, coalesce(sqrt(distance_min_m * distance_max_m), 100), coalesce(frequency_min_mhz, 100), greatest(30, antenna_height_min_m), 1.5, environment) > 0) AS compute
FROM rpm_path_loss_models();
-- Outside: an error, the formula continued but never below free space, or null.
SELECT rpm_path_loss('okumura_hata', 500, 900, 30);
SELECT rpm_path_loss('okumura_hata', 2000, 1800, 30);
SELECT round(rpm_path_loss('okumura_hata', 500, 900, 30, outside_range => 'extrapolate')::numeric, 3) AS continued,
	rpm_path_loss('okumura_hata', 1, 900, 30, outside_range => 'extrapolate') = rpm_path_loss('free_space', 1, 900, 30) AS never_below,
	rpm_path_loss('okumura_hata', 500, 900, 30, outside_range => 'null') AS nothing;
-- Null in, null out; bad input.
SELECT rpm_path_loss(NULL, 1000, 900, 30) IS NULL AND rpm_path_loss('free_space', NULL, 900, 30) IS NULL AND rpm_path_loss('free_space', 1000, 900, NULL) IS NULL
	AND (rpm_path_loss_detail('free_space', NULL, 900, 30)) IS NULL AS nulls;
SELECT rpm_path_loss('free_space', 0, 900, 30);
SELECT rpm_path_loss('free_space', -5, 900, 30);
SELECT rpm_path_loss('free_space', 'NaN', 900, 30);
SELECT rpm_path_loss('free_space', 1000, 'Infinity', 30);
SELECT rpm_path_loss('free_space', 1000, 900, 30, 0);
SELECT rpm_path_loss('okumura', 1000, 900, 30);
SELECT rpm_path_loss('tr38901_uma', 1000, 900, 30, environment => 'urban');
SELECT rpm_path_loss('okumura_hata', 1000, 900, 30, outside_range => 'clamp');
SELECT rpm_path_loss('p1411_over_rooftops', 1000, 900, 30, roof_height_m => 1);
SELECT rpm_path_loss('p1411_over_rooftops', 1000, 900, 30, street_angle_deg => 91);

-- P.1812 over hills: profile and losses of the validation set of ITU-R Study Group 3's implementation (b2iseac_rural_land_10km.csv).
CREATE TEMPORARY TABLE hills AS SELECT
	ARRAY[0,200,400,600,800,1000,1200,1400,1600,1800,2000,2500,3000,3500,4000,4500,5000,5500,6000,6500,7000,7500,8000,8500,9000,9500,10000]::float8[] AS distances,
	ARRAY[754.4,754.4,729.9,685.3,634.3,610.3,601,591.7,530.4,455.9,385.1,373.4,358.5,309,316.6,335.3,408.1,532.7,556.3,556.3,488.2,367.7,304.8,292.6,238.3,265.1,250.3]::float8[] AS heights,
	ARRAY[10,10,10,10,10,10,10,10,10,10,10,10,0,0,15,10,10,10,10,10,10,10,0,0,0,0,0]::float8[] AS clutter;
SELECT percent, round(p.loss_db::numeric, 5) AS loss_db, expected, round(free_space_db::numeric, 3) AS free_space_db, round(diffraction_db::numeric, 3) AS diffraction_db, horizon_free, within_range
FROM hills, (VALUES (1, 117.64758), (10, 119.30116), (50, 120.49085)) AS v (percent, expected),
	rpm_path_loss_profile(distances, heights, 95.3, 60, 7, clutter, polarisation => 'horizontal', time_percent => percent, location_sigma_db => 0,
		latitude_deg => 53.205081, sea_level_refractivity => 326.079979) AS p;
-- Nine places in ten: 1.28 standard deviations more. A sea path loses less than land in a tenth of the time.
SELECT round((b.loss_db - a.loss_db)::numeric, 2) AS more_db, round(b.sigma_db::numeric, 2) AS sigma_db
FROM hills, rpm_path_loss_profile(distances, heights, 900, 60) AS a, rpm_path_loss_profile(distances, heights, 900, 60, location_percent => 90) AS b;
SELECT a.loss_db < b.loss_db AS sea_carries
FROM (SELECT array_agg(1000.0 * i ORDER BY i) AS d, array_agg(0.0::float8 ORDER BY i) AS h, array_agg(1) AS sea FROM generate_series(0, 150) AS i) AS p,
	rpm_path_loss_profile(d, h, 900, 60, 10, zones => sea, time_percent => 10, antenna_coast_km => 0, receiver_coast_km => 0) AS a,
	rpm_path_loss_profile(d, h, 900, 60, 10, time_percent => 10) AS b;
SELECT rpm_path_loss_profile(NULL, heights, 900, 60) IS NULL AS nothing FROM hills;
SELECT rpm_path_loss_profile('{0}', '{0}', 900, 60);
SELECT rpm_path_loss_profile('{}', '{}', 900, 60);
SELECT rpm_path_loss_profile('{0,500,500,1000}', '{0,0,0,0}', 900, 60);
SELECT rpm_path_loss_profile('{0,500,NaN}', '{0,0,0}', 900, 60);
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,NULL,0}', 900, 60);
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0}', 900, 60);
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 900, 60, clutter_m => '{1}');
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 900, 60, clutter_m => '{0,-1,0}');
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 900, 60, zones => '{4,2,4}');
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 900, 60, time_percent => 60);
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 900, 60, polarisation => 'slant');
SELECT rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 9000, 60);
SELECT within_range FROM rpm_path_loss_profile('{0,500,1000}', '{0,0,0}', 9000, 60, outside_range => 'extrapolate');

-- Fits: 20 + 35 log10 d measured without noise by antennas 1 and 2, a line of its own by 3, five rows by 4, one spot by 5, none by 6.
CREATE SCHEMA fitting;
CREATE TABLE fitting.mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO fitting.mast (antenna_id, site_id, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm, losses_db)
SELECT i, (i + 1) / 2, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), 31.5, CASE i % 2 WHEN 1 THEN 900 ELSE 1800 END, 90, 15, 2 FROM generate_series(1, 6) AS i;
CREATE TABLE fitting.drive (antenna_id bigint, geom geometry, rsrp_dbm float8, indoor boolean);
INSERT INTO rpm.scene (name, srid, extent, antenna_relation, measurement_relation)
VALUES ('fit', 32632, ST_MakeEnvelope(690000, 5335000, 695000, 5337000, 32632), 'fitting.mast', 'fitting.drive');
INSERT INTO fitting.drive SELECT a, ST_SetSRID(ST_MakePoint(691000 + d, 5336000), 32632), 13 - (l.at + l.slope * log(sqrt(d * d + 900))), false
FROM (VALUES (1, 20, 35, 100), (2, 20, 35, 100), (3, 30, 32, 100), (4, 0, 50, 5)) AS l (a, at, slope, n), LATERAL (SELECT 30.0 * i AS d FROM generate_series(1, n) AS i) AS p;
INSERT INTO fitting.drive SELECT 5, ST_SetSRID(ST_MakePoint(691400, 5336000), 32632), -90 - i % 3, NULL FROM generate_series(1, 50) AS i;
CREATE FUNCTION pg_temp.fits(per text, terms text[] DEFAULT NULL, antennas bigint[] DEFAULT NULL, sites bigint[] DEFAULT NULL)
RETURNS TABLE (site bigint, antenna bigint, n bigint, nearest numeric, farthest numeric, fitted text, remark text, at_1_m numeric, per_decade numeric, scale_db numeric, r2 numeric) LANGUAGE sql AS $$
	SELECT site_id, antenna_id, measurement_count, round(distance_min_m::numeric, 1), round(distance_max_m::numeric, 1), fitted, remark, round(intercept_db::numeric, 2), round(slope_db::numeric, 2),
		round(scale_db::numeric, 2), round(r_squared::numeric, 3)
	FROM rpm_fit_path_loss('fit', per, antennas, sites, terms) ORDER BY 1, 2
$$;
SELECT antenna, site, n, nearest, farthest, fitted, remark, CASE fitted WHEN 'own' THEN at_1_m END AS at_1_m, CASE fitted WHEN 'own' THEN per_decade END AS per_decade, r2 FROM pg_temp.fits('antenna');
-- What stands in for the others is the network's line.
SELECT count(*) AS others, bool_and(a.at_1_m = n.at_1_m AND a.per_decade = n.per_decade AND a.scale_db = n.scale_db) AS networks
FROM pg_temp.fits('antenna') AS a, pg_temp.fits('network') AS n WHERE a.fitted = 'network';
SELECT site, antenna, n, fitted, remark, at_1_m, per_decade FROM pg_temp.fits('site') WHERE site = 1;
-- Named antennas: the network is read when one of them needs it.
SELECT antenna, fitted, at_1_m FROM pg_temp.fits('antenna', antennas => '{3}');
SELECT a.antenna, a.fitted, a.at_1_m = n.at_1_m AS networks FROM pg_temp.fits('antenna', antennas => '{4}') AS a, pg_temp.fits('network') AS n;
SELECT antenna, n FROM pg_temp.fits('antenna', sites => '{2}');
SELECT n, fitted, remark, at_1_m FROM pg_temp.fits('network', antennas => '{4}');
-- Outliers do not move a robust line: a tenth of antenna 1's rows 60 dB too low.
UPDATE fitting.drive SET rsrp_dbm = rsrp_dbm - 60 WHERE antenna_id = 1 AND (ST_X(geom) - 691000)::int % 300 = 0;
SELECT abs(r.slope_db - 35) < 0.1 AND abs(r.intercept_db - 20) < 0.3 AS robust, o.intercept_db + 3 * o.slope_db > 128 AS ordinary_moves, r.scale_db < 1 AND r.residual_sd_db > 15 AS scales
FROM rpm_fit_path_loss('fit', antennas => '{1}') AS r, rpm_fit_path_loss('fit', antennas => '{1}', huber_k => 0) AS o;
UPDATE fitting.drive SET rsrp_dbm = rsrp_dbm + 60 WHERE antenna_id = 1 AND (ST_X(geom) - 691000)::int % 300 = 0;
-- Terms: what the antenna's pattern sends that way (its factor is -1 where the pattern holds), frequency over a site with two carriers.
UPDATE fitting.drive SET rsrp_dbm = rsrp_dbm + 8 - least(12 * power((degrees(atan2(30, ST_X(geom) - 691000))) / 65, 2), 30) WHERE antenna_id <= 2;
UPDATE fitting.drive SET rsrp_dbm = rsrp_dbm - 6.0206 WHERE antenna_id = 2;
UPDATE fitting.mast SET azimuth_deg = 90 + rpm_grid_convergence(geom);
SELECT site_id, round(intercept_db::numeric, 2) AS at_1_m, round(slope_db::numeric, 2) AS per_decade, round(pattern_factor::numeric, 3) AS pattern, round(frequency_db::numeric, 2) AS frequency, antenna_height_db, fitted
FROM rpm_fit_path_loss('fit', 'site', sites => '{1}', terms => '{pattern,frequency}');
SELECT round(pattern_factor::numeric, 3) AS pattern, frequency_db IS NOT NULL AS networks, fitted, remark FROM rpm_fit_path_loss('fit', antennas => '{1}', terms => '{pattern,frequency}');
-- Indoors is left out unless asked for; rows that say nothing are counted; inactive antennas only by name.
INSERT INTO fitting.drive SELECT 1, ST_SetSRID(ST_MakePoint(691500, 5336000), 32632), -140, true FROM generate_series(1, 7);
SELECT a.measurement_count, b.measurement_count AS with_indoor FROM rpm_fit_path_loss('fit', antennas => '{1}') AS a, rpm_fit_path_loss('fit', antennas => '{1}', include_indoor => true) AS b;
INSERT INTO fitting.drive VALUES (1, ST_SetSRID(ST_MakePoint(691500, 5336000), 32632), 'NaN', false), (1, 'SRID=32632;POINT EMPTY', -90, false),
	(1, 'SRID=32632;LINESTRING(691000 5336000, 691100 5336000)', -90, false), (1, ST_SetSRID(ST_MakePoint('Infinity', 0), 32632), -90, false), (1, NULL, -90, false),
	(99, ST_SetSRID(ST_MakePoint(691500, 5336000), 32632), -90, false), (1, ST_SetSRID(ST_MakePoint(691500, 5336000), 32632), NULL, false);
SELECT measurement_count FROM rpm_fit_path_loss('fit', antennas => '{1}');
UPDATE fitting.mast SET site_id = NULL WHERE antenna_id = 3;
SELECT site_id, antenna_id, measurement_count FROM rpm_fit_path_loss('fit', 'site', antennas => '{3}');
UPDATE fitting.mast SET rs_power_dbm = NULL WHERE antenna_id = 3;
SELECT site_id, antenna_id, measurement_count, fitted, remark FROM rpm_fit_path_loss('fit', antennas => '{3}');
-- Errors.
INSERT INTO fitting.drive VALUES (2, ST_SetSRID(ST_MakePoint(11.5, 48.1), 4326), -90, false);
SELECT * FROM rpm_fit_path_loss('fit', antennas => '{2}');
SELECT * FROM rpm_fit_path_loss('nowhere');
SELECT * FROM rpm_fit_path_loss(NULL);
SELECT * FROM rpm_fit_path_loss('fit', 'cell');
SELECT * FROM rpm_fit_path_loss('fit', antennas => '{77}');
SELECT * FROM rpm_fit_path_loss('fit', sites => '{77}');
SELECT * FROM rpm_fit_path_loss('fit', antennas => '{1}', sites => '{1}');
SELECT * FROM rpm_fit_path_loss('fit', terms => '{tilt}');
SELECT * FROM rpm_fit_path_loss('fit', terms => '{NULL}');
SELECT * FROM rpm_fit_path_loss('fit', least_count => 0);
SELECT * FROM rpm_fit_path_loss('fit', huber_k => 'NaN');
UPDATE rpm.scene SET measurement_relation = NULL WHERE name = 'fit';
SELECT * FROM rpm_fit_path_loss('fit');
ROLLBACK;
