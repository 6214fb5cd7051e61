# RpmUserRows: rows of a user in every table whose rows pg_dump takes along, and published products: what a restore and an update must keep.
package RpmUserRows;
use strict;
use warnings;

# SQL: the extensions, the functions of rpm_pg in $schema, PostGIS in $gis; $version: of rpm_pg, the newest where it is left out.
sub extension
{
	my ($schema, $gis, $version) = @_;
	my $which = defined $version ? "VERSION '$version'" : '';
	return qq{
		CREATE SCHEMA IF NOT EXISTS $schema; CREATE SCHEMA IF NOT EXISTS $gis; CREATE SCHEMA my_maps;
		CREATE EXTENSION postgis SCHEMA $gis; CREATE EXTENSION postgis_raster SCHEMA $gis;
		CREATE EXTENSION rpm_pg SCHEMA $schema $which;
	};
}

# SQL: the rows, for a search path that starts with my_maps.  It must run on 0.1.0: what came later is filled where it is there.
sub script
{
	return q{
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
		DO $later$ BEGIN
			IF to_regclass('rpm.clutter_residual') IS NOT NULL THEN
				INSERT INTO rpm.clutter_model (scene_id, radius_m, coefficients, fitted_at) VALUES (1, 1280, '{1.5,NULL}', '2026-01-01');
				INSERT INTO rpm.clutter_antenna (scene_id, antenna_id, measurements, fingerprint) VALUES (1, 1, 7, 'f');
				INSERT INTO rpm.clutter_residual (scene_id, antenna_id, tile_column, tile_row, cells, sum_db, count) VALUES (1, 1, 2159, 16668, '{3}', '{-4.5}', '{2}');
			END IF;
			IF to_regclass('rpm.land_use') IS NOT NULL THEN
				INSERT INTO rpm.land_use (name, geom, class) VALUES ('park', ST_MakeEnvelope(691100, 5334100, 691160, 5334200, 32632), 7);
				INSERT INTO rpm.road (name, geom, width_m) VALUES ('lane', 'SRID=32632;LINESTRING(691000 5334050, 691600 5334060)', 6.5);
			END IF;
			IF to_regclass('rpm.model') IS NOT NULL THEN
				INSERT INTO rpm.model (name, current, declaration, parameters, weights, channels, channel_shift, channel_scale, software_version)
				VALUES ('town', true, 'x input channels=1', 0, '\\x00ff', '{free_space}', '{-90}', '{10}', '0.2.0');
			END IF;
			IF to_regclass('rpm.calibration') IS NOT NULL THEN
				INSERT INTO rpm.calibration (scene, site_id, version, current, made_current_at, method, parameters, metrics, software_version, created_at)
				VALUES ('town', 1, 1, false, '2026-01-01', 'AM', '{"a": 1}', '{"b": 2}', '0.2.0', '2026-01-01'), ('town', 1, 2, true, '2026-01-02', 'A', '{}', '{}', '0.2.0', '2026-01-02');
				INSERT INTO rpm.calibrated_scene (scene, base_scene, sites) VALUES ('ruin', 'town', '{1}');
				INSERT INTO rpm.calibrated_antenna (scene_id, antenna_id, azimuth_deg, mechanical_tilt_deg, level_db) VALUES (2, 1, 1.5, 0, -3);
				INSERT INTO rpm.calibrated_material (scene_id, material, building_id, calibrated) VALUES (2, 'straw', 1, 'concrete');
				INSERT INTO rpm.calibration_site (scene, site_id, measurements, hashes, attempted_hashes) VALUES ('town', 1, 1, '{a,b,c}', '{a,b,d}');
				INSERT INTO rpm.calibration_survey (scene, data_mark) VALUES ('town', 'm');
				INSERT INTO rpm.calibration_log (scene, site_id, started_at, outcome, message) VALUES ('town', 1, '2026-01-01', 'failed', 'no path');
			END IF;
		END $later$;
	};
}

# SQL: the tables whose rows are dumped, each with the condition under which they are.
sub tables
{
	return q{SELECT rtrim(c.oid::regclass || ' ' || t.filter)
		FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS t (relation, filter) JOIN pg_class AS c ON c.oid = t.relation
		WHERE e.extname = 'rpm_pg' AND c.relkind = 'r' ORDER BY 1};
}

# SQL: those of them that have no row that is dumped: a table that is new asks for rows in script().
sub tables_without_rows
{
	return q{SELECT c.oid::regclass FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS t (relation, filter) JOIN pg_class AS c ON c.oid = t.relation
		WHERE e.extname = 'rpm_pg' AND c.relkind = 'r'
			AND (xpath('//rows/text()', query_to_xml(format('SELECT count(*) AS rows FROM %s %s', c.oid::regclass, t.filter), false, true, '')))[1]::text = '0'};
}

1;
