-- R2M, M2M: the network of the default model, with its channels, on cells of 10 m within 640 m. What it learns from, and which epoch was best, is other sites' of the
-- areas that learn; the judged areas are looked at once, here. Variable: epochs.
SET rpm_pg.threads = 1;
SET client_min_messages = warning;
\pset tuples_only on
\pset format unaligned
SELECT judged('published law (TR 38.901 UMa, 8 dBi)', 'chengdu', '', 10, 128);
SELECT judged('R2M: the default model, learned from traced towns', 'chengdu', 'default', 10, 128);
SELECT declaration AS network FROM rpm.model WHERE name = 'default' \gset
\set learn 'SELECT antenna_id, site_id FROM rpm.antenna JOIN chosen USING (antenna_id) WHERE NOT judged'
CALL rpm_train('measured', 'chengdu', antennas => :'learn', channels => '{building_height_m,free_space_dbm,empirical_dbm,distance_m,line_of_sight,obstructed_m,knife_edge_db}',
	network => :'network', cell_size_m => 10, size_cells => 128, crop_cells => 64, folds => 6, epochs => :epochs, batch => 8, learning_rate => 0.004);
SELECT judged(format('M2M: the same network from measured levels alone (%s)', took('measured')), 'chengdu', 'measured', 10, 128);
CALL rpm_train('traced, then measured', 'chengdu', antennas => :'learn', start => 'default', size_cells => 128, crop_cells => 64, folds => 6, epochs => :epochs, batch => 8,
	learning_rate => 0.002);
SELECT judged(format('R2M fine-tuned: from the default model''s weights on (%s)', took('traced, then measured')), 'chengdu', 'traced, then measured', 10, 128);
