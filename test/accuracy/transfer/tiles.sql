-- A U-Net on tiles of 512 x 512 cells of 5 m, by areas out; with what stands in the path as channels (hybrid), and without. Variables: epochs, tiles (antennas
-- that learn), base (channels of the first stage), crop (side of the squares that are learned from, cells).
-- Ten antennas tell which epoch is best and calibrate the intervals.
SET rpm_pg.threads = 1;
SET rpm_pg.max_memory = '6GB';
SET client_min_messages = warning;
\pset tuples_only on
\pset format unaligned
SELECT format('SELECT antenna_id, site_id FROM rpm.antenna JOIN chosen USING (antenna_id) WHERE NOT judged ORDER BY hashint8extended(antenna_id, 5) LIMIT %s', :tiles) AS learn, greatest(6, :tiles / 10) AS folds \gset
SELECT replace(rpm_network_unet(10, base => :base, stages => 5), 'prediction output head', E'round conv map out=2 kernel=1\nlevel add head round\nprediction output level') AS network \gset
CALL rpm_train('tiles', 'chengdu', antennas => :'learn', channels => '{building_height_m,known,free_space_dbm,empirical_dbm,distance_m,azimuth_off_deg,elevation_off_deg,line_of_sight,obstructed_m,knife_edge_db}',
	network => :'network', cell_size_m => 5, size_cells => 512, crop_cells => :crop, folds => :folds, epochs => :epochs, batch => 4, learning_rate => 0.003);
SELECT judged(format('U-Net, tiles of 512, with the path (%s antennas learn; %s)', :tiles, took('tiles')), 'chengdu', 'tiles', 5, 512);
SELECT replace(rpm_network_unet(4, base => :base, stages => 5), 'prediction output head', E'round conv map out=2 kernel=1\nlevel add head round\nprediction output level') AS network \gset
CALL rpm_train('plain tiles', 'chengdu', antennas => :'learn', channels => '{building_height_m,land_use,road,free_space_dbm}',
	network => :'network', cell_size_m => 5, size_cells => 512, crop_cells => :crop, folds => :folds, epochs => :epochs, batch => 4, learning_rate => 0.003);
SELECT judged(format('U-Net, tiles of 512, four channels (%s antennas learn; %s)', :tiles, took('plain tiles')), 'chengdu', 'plain tiles', 5, 512);
