# pg_dump and restore bring everything back: rows of users, what they changed of builtin rows, identity sequences, settings kept in tables,
# published products with key, index, constraints, overviews and views, and the catalogue.  Builtin rows are not doubled.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

my @tables = qw(material antenna_pattern class building site antenna measurement scene coverage);
my %identity = (
	building => 'building_id', site => 'site_id', antenna => 'antenna_id', measurement => 'measurement_id',
	scene => 'scene_id', coverage => 'coverage_id');

# The extension's functions beside PostGIS in public, and each in a schema of its own.
for my $layout (['public', 'public'], ['radio', 'gis'])
{
	my ($schema, $gis) = @$layout;
	my $old = "before_$schema";
	my $path = "SET search_path = my_maps, $schema, $gis;";

	$node->safe_psql('postgres', "CREATE DATABASE $old");
	fill($old, $schema, $gis, $path);

	for my $format (qw(plain custom))
	{
		my $new = "after_${schema}_$format";
		my $file = $node->basedir . "/$new.dump";

		$node->safe_psql('postgres', "CREATE DATABASE $new");
		$node->command_ok(['pg_dump', "--format=$format", "--file=$file", $old], "$new: dump");
		$node->command_ok($format eq 'plain'
			? ['psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$file", $new]
			: ['pg_restore', '--exit-on-error', "--dbname=$new", $file], "$new: restore");
		compare($old, $new, $path);
	}
}
$node->stop;
done_testing();

sub fill
{
	my ($db, $schema, $gis, $path) = @_;

	$node->safe_psql($db, qq{
		CREATE SCHEMA IF NOT EXISTS $schema; CREATE SCHEMA IF NOT EXISTS $gis; CREATE SCHEMA my_maps;
		CREATE EXTENSION postgis SCHEMA $gis; CREATE EXTENSION postgis_raster SCHEMA $gis;
		CREATE EXTENSION rpm_pg SCHEMA $schema;
		$path
		UPDATE rpm.material SET scattering_coefficient = 0.25 WHERE name = 'concrete';
		INSERT INTO rpm.material (name, a, c) VALUES ('straw', 1.5, 0.001);
		INSERT INTO rpm.class (scheme, lower_value, upper_value, label, colour)
		VALUES ('rsrp_dbm', -75, 'Infinity', 'excellent', '#00ff00'), ('own', 0, 1, 'low', '#0000ff');
		INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db)
		VALUES ('panel', 'measured', 15, array_fill(0, ARRAY[360]), array_fill(3.5, ARRAY[360]));
		INSERT INTO rpm.building (name, geom, height_m) VALUES
			('hall', ST_MakeEnvelope(691100, 5334100, 691160, 5334200, 32632), 15),
			('shed', ST_MakeEnvelope(691300, 5334100, 691360, 5334200, 32632), 12);
		DELETE FROM rpm.building WHERE name = 'shed';
		INSERT INTO rpm.building (name, geom) VALUES
			('roof', ST_SetSRID('TIN Z (((691300 5334100 0, 691320 5334100 0, 691310 5334120 9, 691300 5334100 0)))'::geometry, 32632));
		INSERT INTO rpm.site (name, geom) VALUES ('north', 'SRID=32632;POINT(691050 5334300)');
		INSERT INTO rpm.antenna (site_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
		SELECT 1, 'antenna ' || i, ST_SetSRID(ST_MakePoint(691050 + 100 * i, 5334300), 32632), 25, 2140, 18, CASE i WHEN 1 THEN 'panel' ELSE 'isotropic' END
		FROM generate_series(1, 3) AS i;
		INSERT INTO rpm.measurement (antenna_id, geom, measured_at, rsrp_dbm) VALUES (1, 'SRID=32632;POINT(691000 5334000)', '2026-01-01', -87.25);
		CREATE VIEW my_maps.my_building AS SELECT building_id, geom, height_m FROM rpm.building;
		CREATE TABLE my_maps.dropped (building_id bigint, geom geometry);
		INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, noise_figure_db)
		VALUES ('town', 32632, ST_MakeEnvelope(691000, 5334000, 691600, 5334400, 32632), 2, 'my_maps.my_building', 7),
			('ruin', 32632, NULL, 10, 'my_maps.dropped', 9);
		DROP TABLE my_maps.dropped;
		SELECT rpm_publish('town', mechanisms => '{line_of_sight}', overviews => true);
		SELECT rpm_publish('town', 'best_server', mechanisms => '{line_of_sight}');
	});
	is($node->safe_psql($db, "SELECT count(*) FROM my_maps.o_2_town_rsrp_dbm"), 3, "$db: published with overviews");
}

sub compare
{
	my ($old, $new, $path) = @_;
	my $same = sub {
		my ($query, $what) = @_;
		is($node->safe_psql($new, "$path $query"), $node->safe_psql($old, "$path $query"), "$new: $what");
	};

	for my $table (@tables)
	{
		$same->("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM rpm.$table AS t", "rows of rpm.$table");
	}
	is($node->safe_psql($new, "SELECT count(*) = 0 FROM (SELECT name, frequency_min_mhz FROM rpm.material GROUP BY 1, 2 HAVING count(*) > 1) AS d"),
		't', "$new: builtin rows once");
	is($node->safe_psql($new, "SELECT string_agg(DISTINCT builtin::text, ' ') FROM rpm.material WHERE name = 'concrete'"), 'false', "$new: what was changed of builtin rows");

	$same->('SELECT rid, antenna_id, computed_at, md5(rast::text) FROM my_maps.town_rsrp_dbm ORDER BY rid', 'published maps');
	$same->('SELECT rid, antenna_id, computed_at, md5(rast::text) FROM my_maps.o_2_town_rsrp_dbm ORDER BY rid', 'overview');
	$same->('SELECT rid, md5(rast::text) FROM my_maps.o_2_town_best_server ORDER BY rid', 'overview of best server');
	$same->('SELECT rid, md5(rast::text) FROM my_maps.town_best_server ORDER BY rid', 'published best server');
	$same->("SELECT r_table_name, srid, scale_x, blocksize_x, blocksize_y, same_alignment, num_bands, pixel_types, nodata_values, spatial_index,
		ST_AsText(extent) FROM raster_columns ORDER BY 1", 'raster constraints');
	$same->('SELECT o_table_name, r_table_name, overview_factor FROM raster_overviews ORDER BY 1', 'overview constraints');
	$same->("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'my_maps' ORDER BY 1, 2", 'keys and indexes');
	$same->("SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'my_maps'::regnamespace ORDER BY conrelid::regclass::text, conname", 'constraints');
	$same->("SELECT contour_id, label, ST_Area(geom) FROM my_maps.town_rsrp_dbm_contour ORDER BY 1", 'contour view');
	$same->("SELECT antenna_id, ST_Area(geom) FROM my_maps.town_best_server_polygon ORDER BY 1", 'best server view');
	$same->("SELECT * FROM rpm_coverage_report('town_rsrp_dbm')", 'report');

	# the next identity is the same on both sides; drawn on the restored side only after the comparison above
	for my $table (sort keys %identity)
	{
		$same->("SELECT last_value, is_called FROM rpm.${table}_$identity{$table}_seq", "identity of rpm.$table");
	}
	is($node->safe_psql($new, "$path INSERT INTO rpm.antenna (name, geom, height_m, frequency_mhz, rs_power_dbm)
		VALUES ('new', 'SRID=32632;POINT(691200 5334350)', 25, 2140, 18) RETURNING antenna_id"), 4, "$new: a new antenna gets the next number");
	is($node->safe_psql($new, "$path SELECT rpm_publish('town', antennas => '{4}'); SELECT string_agg(DISTINCT antenna_id::text, ' ') FROM my_maps.town_rsrp_dbm"),
		"town_rsrp_dbm\n1 2 3 4", "$new: the product can be added to");
	is($node->safe_psql($new, "SELECT string_agg(DISTINCT antenna_id::text, ' ') FROM my_maps.o_2_town_rsrp_dbm"), '1 2 3 4', "$new: its overview too");

	my ($rc, $out, $err) = $node->psql($new, "$path UPDATE rpm.antenna SET mechanical_tilt_deg = 400 WHERE antenna_id = 1");
	like($err, qr/rpm\.antenna, antenna_id 1 \(antenna 1\): mechanical_tilt_deg is 400/, "$new: constraints refuse");
	($rc, $out, $err) = $node->psql($new, "$path INSERT INTO rpm.scene (name, srid) VALUES ('degrees', 4326)");
	like($err, qr/srid 4326 is in degrees/, "$new: triggers refuse");
	$node->safe_psql('postgres', "DROP DATABASE $new");
}
