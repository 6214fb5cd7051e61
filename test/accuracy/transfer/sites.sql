-- Sites out: what rpm_predict serves where nobody measured while other sites did, without and with a network that rpm_train made of channels of rpm_features, those of
-- measurements among them. All rows at the same pixels. Nothing that a held-out site measured is in public.heard, but the ten of an antenna while they serve it. Variable: epochs.
SET rpm_pg.threads = 1;
SET rpm_pg.max_memory = '4GB';
SET client_min_messages = warning;
\pset tuples_only on
\pset format unaligned
CREATE FUNCTION served(label text, method text, cell float8, cells integer, sharing text, ten boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a bigint;
BEGIN
	TRUNCATE forecast;
	FOR a IN SELECT DISTINCT antenna_id FROM truth LOOP
		INSERT INTO heard SELECT * FROM own WHERE ten AND antenna_id = a;
		INSERT INTO forecast
		SELECT a, t.level, ST_Value(m.rast, 1, t.geom), ST_Value(m.rast, 2, t.geom)
		FROM (SELECT rpm_predict(a, 'chengdu', method, cell_size_m => cell, size_cells => cells, sharing => sharing) AS rast OFFSET 0) AS m, truth AS t
		WHERE t.antenna_id = a AND reach_m < 620;
		DELETE FROM heard WHERE ten AND antenna_id = a;
	END LOOP;
	RETURN row_of(label);
END $$;
SELECT format('heard: %s antennas, %s measurements', antennas, measurements) FROM rpm_refresh_clutter_residual('chengdu');
TRUNCATE forecast;
INSERT INTO forecast
SELECT a.antenna_id, t.level, ST_Value(m.rast, t.geom), residual_sd_db
FROM rpm.clutter_model, (SELECT DISTINCT antenna_id FROM truth) AS a, LATERAL (SELECT rpm_features(a.antenna_id, 'chengdu', '{linear_dbm}', 5, 256) AS rast OFFSET 0) AS m, truth AS t
WHERE t.antenna_id = a.antenna_id AND reach_m < 620;
SELECT row_of('linear model');
SELECT served('`rpm_predict`, no network (`network_clutter`), cells of 5 m', 'best', 5, 256, 'all', false);
\set learn 'SELECT antenna_id, site_id FROM rpm.antenna JOIN chosen USING (antenna_id) WHERE learns'
\set network 'map input channels=16\nnear conv map out=64 kernel=3 pad=1\nnear_on silu near\nmid conv near_on out=96 kernel=1\nmid_on silu mid\nlast conv mid_on out=64 kernel=1\nlast_on silu last\nhead conv last_on out=2 kernel=1\nplain conv map out=2 kernel=1\nlevel add head plain\nprediction output level'
CALL rpm_train('sites', 'chengdu', antennas => :'learn', network => :'network',
	channels => '{linear_dbm,clutter_db,clutter_weight,free_space_dbm,empirical_dbm,distance_m,azimuth_off_deg,elevation_off_deg,building_height_m,land_use,ground_m,line_of_sight,obstructed_m,obstructions,knife_edge_db,known}',
	cell_size_m => 10, size_cells => 128, crop_cells => 64, folds => 6, epochs => :epochs, batch => 4, learning_rate => 0.003);
SET rpm_pg.model = 'sites';
SELECT format('%s weights, %s antennas learn; %s', parameters, (SELECT count(*) FROM chosen WHERE learns), took('sites')) AS made FROM rpm.model WHERE name = 'sites' AND current \gset
SELECT served(format('`rpm_predict`, the network of `rpm_train` (%s)', :'made'), 'network', 10, 128, 'site', false);
SELECT served('the same, with ten measurements of the antenna', 'network', 10, 128, 'all', true);
SET rpm_pg.model = '';
SELECT served('`rpm_predict`, no network, with ten measurements of the antenna, cells of 5 m', 'best', 5, 256, 'all', true);
