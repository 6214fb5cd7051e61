# ALTER EXTENSION rpm_pg UPDATE from every version released: afterwards the database holds the same objects as after a new installation, with
# the same properties and rights; rows of users, their products and their grants are kept; the library has what every version's script asks for.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RpmUserRows;

my $node = PostgreSQL::Test::Cluster->new('update');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

my $objects = slurp_file('test/lib/extension_objects.sql');
my $newest = $node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'rpm_pg'");
my @earlier = split /\n/, $node->safe_psql('postgres', "SELECT version FROM pg_available_extension_versions WHERE name = 'rpm_pg' AND version <> '$newest'");
cmp_ok(scalar(@earlier), '>', 0, 'there are earlier versions to update from');
library_has_all_symbols();

# The extension's functions beside PostGIS in public, and each in a schema of its own.
for my $layout (['public', 'public'], ['radio', 'gis'])
{
	my ($schema, $gis) = @$layout;
	my $fresh = "fresh_$schema";

	database($fresh, $schema, $gis);
	differences_are_seen($fresh) if $schema eq 'public';
	for my $version (@earlier)
	{
		(my $updated = "updated_${schema}_$version") =~ tr/./_/;
		database($updated, $schema, $gis, $version);
		$node->safe_psql($updated, 'ALTER EXTENSION rpm_pg UPDATE');
		same_objects($fresh, $updated);
		same_rows($fresh, $updated);
		rows_are_kept($schema, $gis, $version);
	}
}
$node->stop;
done_testing();

sub database
{
	my ($name, $schema, $gis, $version) = @_;
	$node->safe_psql('postgres', qq{CREATE DATABASE "$name"});
	$node->safe_psql($name, RpmUserRows::extension($schema, $gis, $version));
}

sub objects_of
{
	my ($name, $before) = @_;
	return split /\n/, $node->safe_psql($name, "SET client_min_messages = warning; BEGIN; " . ($before // '') . "; $objects; ROLLBACK");
}

# The lines of one list that are not in the other.
sub missing
{
	my ($from, $in) = @_;
	my %there = map { $_ => 1 } @$in;
	return grep { !$there{$_} } @$from;
}

sub same_objects
{
	my ($fresh, $updated) = @_;
	my @fresh = objects_of($fresh);
	my @updated = objects_of($updated);

	cmp_ok(scalar(@fresh), '>', 500, "$fresh: properties are listed");
	is(join("\n", missing(\@fresh, \@updated)), '', "$updated: nothing lacks that a new installation has");
	is(join("\n", missing(\@updated, \@fresh)), '', "$updated: nothing is left that a new installation has not");
	is(join("\n", grep { /^not compared/ } @fresh), '', "$fresh: every object is one of those compared");
}

# Rows that come with the extension, in every table of it.
sub same_rows
{
	my ($fresh, $updated) = @_;
	my $tables = q{SELECT c.oid::regclass FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'rpm_pg') WHERE c.relkind IN ('r', 'S') ORDER BY 1::text};

	for my $table (split /\n/, $node->safe_psql($fresh, $tables))
	{
		my $rows = "SELECT ROW(t.*)::text FROM $table AS t ORDER BY 1";
		is($node->safe_psql($updated, $rows), $node->safe_psql($fresh, $rows), "$updated: rows of $table");
	}
}

sub rows_are_kept
{
	my ($schema, $gis, $version) = @_;
	(my $name = "kept_${schema}_$version") =~ tr/./_/;
	my $path = "SET search_path = my_maps, $schema, $gis;";
	my (%columns, %before);

	database($name, $schema, $gis, $version);
	$node->safe_psql($name, "$path " . RpmUserRows::script());
	is($node->safe_psql($name, RpmUserRows::tables_without_rows()), '', "$name: every table whose rows are dumped has a row of a user");
	$node->safe_psql($name, qq{
		CREATE ROLE ${schema}_planner; GRANT SELECT ON rpm.scene TO ${schema}_planner; $path GRANT EXECUTE ON FUNCTION rpm_publish TO PUBLIC});
	my $granted = "$path SELECT has_table_privilege('${schema}_planner', 'rpm.scene', 'SELECT'), has_function_privilege('${schema}_planner', '$schema.rpm_publish'::regproc, 'EXECUTE')";
	is($node->safe_psql($name, $granted), 't|t', "$name: granted");

	my @kept = split /\n/, $node->safe_psql($name, RpmUserRows::tables());
	push @kept, qw(my_maps.town_rsrp_dbm my_maps.o_2_town_rsrp_dbm my_maps.town_best_server my_maps.town_rsrp_dbm_contour my_maps.town_best_server_polygon);
	for my $table (@kept)
	{
		$columns{$table} = $node->safe_psql($name, "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = split_part('$table', ' ', 1)::regclass AND attnum > 0 AND NOT attisdropped");
		$before{$table} = $node->safe_psql($name, rows($table, $columns{$table}));
	}

	$node->safe_psql($name, 'ALTER EXTENSION rpm_pg UPDATE');
	is($node->safe_psql($name, "$path SELECT extversion, rpm_version() FROM pg_extension WHERE extname = 'rpm_pg'"), "$newest|$newest", "$name: updated");
	is($node->safe_psql($name, rows($_, $columns{$_})), $before{$_}, "$name: rows of $_ are kept") for @kept;
	is($node->safe_psql($name, $granted), 't|t', "$name: grants are kept");
	is($node->safe_psql($name, "$path SELECT rpm_publish('town', antennas => '{2}'); SELECT string_agg(DISTINCT antenna_id::text, ' ') FROM my_maps.town_rsrp_dbm"),
		"town_rsrp_dbm\n1 2 3", "$name: a product of before is published again");
}

sub rows
{
	my ($table, $columns) = @_;
	return "SELECT count(*), md5(string_agg(r, '|' ORDER BY r)) FROM (SELECT ROW($columns)::text AS r FROM $table) AS t";
}

# One difference of each kind, in a transaction that is rolled back: the comparison sees it.
sub differences_are_seen
{
	my $name = shift;
	my $sinr = 'rpm_sinr(raster, integer, double precision, double precision)';
	my @same = objects_of($name);
	my @planted = (
		['cost', 'ALTER FUNCTION rpm_version() COST 7'],
		['volatility', 'ALTER FUNCTION rpm_version() STABLE'],
		['parallel label', 'ALTER FUNCTION rpm_version() PARALLEL RESTRICTED'],
		['strictness', 'ALTER FUNCTION rpm_version() CALLED ON NULL INPUT'],
		['security', 'ALTER FUNCTION rpm_version() SECURITY DEFINER'],
		['setting of a function', 'ALTER FUNCTION rpm_unpublish(text) SET search_path = public'],
		['body', "CREATE OR REPLACE FUNCTION rpm.trace_arguments(parameters jsonb) RETURNS text LANGUAGE sql AS \$\$ SELECT '' \$\$"],
		['default of an argument', "CREATE OR REPLACE FUNCTION rpm_thermal_noise_dbm(noise_figure_db double precision DEFAULT 8, bandwidth_hz double precision DEFAULT 15000,
			temperature_k double precision DEFAULT 290) RETURNS double precision AS '\$libdir/rpm_pg', 'rpm_sql_thermal_noise_dbm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE"],
		['aggregate', "CREATE OR REPLACE AGGREGATE rpm_strongest(rast raster) (SFUNC = rpm.fold_level, STYPE = internal, SSPACE = 1,
			FINALFUNC = rpm.fold_strongest_final, PARALLEL = SAFE)"],
		['comment of an aggregate', "COMMENT ON AGGREGATE $sinr IS 'other'"],
		['comment of a column', "COMMENT ON COLUMN rpm.scene.name IS 'other'"],
		['comment of a view', 'COMMENT ON VIEW rpm.progress IS NULL'],
		['comment of the schema', 'COMMENT ON SCHEMA rpm IS NULL'],
		['default of a column', 'ALTER TABLE rpm.scene ALTER cell_size_m SET DEFAULT 6'],
		['not null', 'ALTER TABLE rpm.scene ALTER weld DROP NOT NULL'],
		['type of a column', 'ALTER TABLE rpm.measurement ALTER sinr_db TYPE double precision'],
		['column', 'ALTER TABLE rpm.measurement ADD extra integer'],
		['constraint', 'ALTER TABLE rpm.scene DROP CONSTRAINT scene_weld'],
		['constraint not valid', 'ALTER TABLE rpm.antenna DROP CONSTRAINT antenna_load, ADD CONSTRAINT antenna_load CHECK (load >= 0) NOT VALID'],
		['index', 'DROP INDEX rpm.measurement_geom_idx'],
		['trigger', 'DROP TRIGGER check_references ON rpm.scene'],
		['trigger switched off', 'ALTER TABLE rpm.scene DISABLE TRIGGER check_references'],
		['view', 'CREATE OR REPLACE VIEW rpm.antenna_sector AS TABLE rpm.antenna_sector LIMIT 1'],
		['row security', 'ALTER TABLE rpm.scene ENABLE ROW LEVEL SECURITY'],
		['policy', 'CREATE POLICY p ON rpm.scene USING (true)'],
		['right on a table', 'GRANT SELECT ON rpm.building TO PUBLIC'],
		['right on a column', 'GRANT SELECT (name) ON rpm.building TO PUBLIC'],
		['right on a function', 'GRANT EXECUTE ON FUNCTION rpm_publish TO PUBLIC'],
		['right on a view', 'REVOKE SELECT ON rpm.progress FROM PUBLIC'],
		['right on the schema', 'REVOKE USAGE ON SCHEMA rpm FROM PUBLIC'],
		['sequence', 'ALTER SEQUENCE rpm.building_building_id_seq INCREMENT BY 2'],
		['membership of a function', 'ALTER EXTENSION rpm_pg DROP FUNCTION rpm_version()'],
		['membership of a table', 'CREATE TABLE rpm.more (); ALTER EXTENSION rpm_pg ADD TABLE rpm.more'],
		['a type', "CREATE TYPE rpm.colour AS ENUM ('red'); ALTER EXTENSION rpm_pg ADD TYPE rpm.colour"],
		['a member of another kind', 'CREATE CAST (rpm.scene AS text) WITH INOUT; ALTER EXTENSION rpm_pg ADD CAST (rpm.scene AS text)'],
		['configuration table', "UPDATE pg_extension SET extconfig = extconfig[2:], extcondition = extcondition[2:] WHERE extname = 'rpm_pg'"],
		['filter of a configuration table', "UPDATE pg_extension SET extcondition[1] = 'WHERE true' WHERE extname = 'rpm_pg'"]);

	for my $difference (@planted)
	{
		my ($what, $sql) = @$difference;
		my @other = objects_of($name, $sql);
		cmp_ok(missing(\@same, \@other) + missing(\@other, \@same), '>', 0, "a difference is seen: $what");
	}
	is(join("\n", missing(\@same, [objects_of($name)])), '', 'and nothing of them is left');
}

# A server may run a new library under the SQL of any version, between the installation of the library and the update of the database.
sub library_has_all_symbols
{
	my $config = $ENV{PG_CONFIG} // 'pg_config';
	chomp(my $library = `$config --pkglibdir`);
	chomp(my $share = `$config --sharedir`);
	my %defined = map { (split ' ')[2] // '' => 1 } `nm -D --defined-only $library/rpm_pg.so`;
	my %asked;

	for my $script (glob "$share/extension/rpm_pg--*.sql")
	{
		my $sql = slurp_file($script);
		$asked{$1} = $script while $sql =~ /'MODULE_PATHNAME',\s*'(\w+)'/g;
	}
	cmp_ok(scalar(keys %asked), '>', 10, 'the scripts ask for functions of the library');
	is(join(' ', grep { !$defined{$_} || !$defined{"pg_finfo_$_"} } sort keys %asked), '', 'the library has them all');
}
