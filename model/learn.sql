-- The default model: a U-Net of 8 channels and three stages; every fifth town is held out and says which epoch was best.
-- The free-space level goes round the network, so that it learns what a town takes from it.
SET rpm_pg.threads = 1;
SELECT replace(rpm_network_unet(7, base => 8, stages => 3), 'prediction output head', E'round conv map out=2 kernel=1\nlevel add head round\nprediction output level') AS network \gset
CALL rpm_train('simulated towns', 'towns', antennas => 'SELECT antenna_id, site_id FROM rpm.antenna WHERE EXISTS (SELECT FROM rpm.measurement AS m WHERE m.antenna_id = antenna.antenna_id)',
	channels => '{building_height_m,free_space_dbm,empirical_dbm,distance_m,line_of_sight,obstructed_m,knife_edge_db}', network => :'network',
	cell_size_m => 10, size_cells => 128, crop_cells => 64, split => 'site', folds => 5, epochs => :epochs, batch => 8, learning_rate => 0.004);
