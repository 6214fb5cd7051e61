# RpmTrainingTown: a town of antennas in a row with levels around each, for the tests of training.
package RpmTrainingTown;
use strict;
use warnings;

# script(antennas, reach, step): measured in a square of 2 reach about each antenna, every step metres.
sub script
{
	my ($antennas, $reach, $step) = @_;
	return qq{
		CREATE EXTENSION rpm_pg CASCADE;
		INSERT INTO rpm.scene (name, srid, cell_size_m, extent) VALUES ('town', 32632, 10, ST_MakeEnvelope(600000, 5290000, 620000, 5310000, 32632));
		INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm)
		SELECT i, ST_SetSRID(ST_MakePoint(602000 + 1000 * i, 5300000), 32632), 30, 2600, 0, 15 FROM generate_series(1, $antennas) AS i;
		INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
		SELECT a.antenna_id, ST_SetSRID(ST_MakePoint(ST_X(a.geom) + dx, ST_Y(a.geom) + dy), 32632), -60 - 30 * log(greatest(sqrt(dx * dx + dy * dy), 10) / 10)
		FROM rpm.antenna AS a, generate_series(-$reach, $reach, $step) AS dx, generate_series(-$reach, $reach, $step) AS dy;
	};
}

1;
