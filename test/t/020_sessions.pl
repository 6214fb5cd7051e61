# Two sessions: readers of a published product never see a hole, publishers do not lose each other's maps, and what another session changed
# is seen by the next call.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('sessions');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	INSERT INTO rpm.building (name, geom, height_m) VALUES ('hall', ST_MakeEnvelope(691100, 5334100, 691160, 5334200, 32632), 15);
	INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
	SELECT i, 'antenna ' || i, ST_SetSRID(ST_MakePoint(691020 + 100 * i, 5334300), 32632), 10, 2140, 18, 'isotropic' FROM generate_series(1, 3) AS i;
	INSERT INTO rpm.scene (name, srid, extent, cell_size_m) VALUES ('town', 32632, ST_MakeEnvelope(691000, 5334000, 691400, 5334400, 32632), 2);
	SELECT rpm_publish('town', mechanisms => '{line_of_sight}');
});

my $antennas = "SELECT string_agg(DISTINCT antenna_id::text, ' '), count(*) FROM town_rsrp_dbm";
my $state = "SELECT string_agg(rid::text, ' ' ORDER BY rid) FROM town_rsrp_dbm";
my $whole = $node->safe_psql('postgres', $antennas);
is($whole, '1 2 3|3', 'published');

# A publisher that has not ended: readers see the old maps, without waiting.
my $publisher = $node->background_psql('postgres');
my $before = $node->safe_psql('postgres', $state);
$publisher->query_safe('BEGIN');
$publisher->query_safe("SELECT rpm_publish('town', antennas => '{2}')");
is($node->safe_psql('postgres', "SET statement_timeout = '10s'; $state"), $before, 'a reader sees the old maps while one is replaced');
$publisher->query_safe('COMMIT');
isnt($node->safe_psql('postgres', $state), $before, 'and the new one after');
is($node->safe_psql('postgres', $antennas), $whole, 'of every antenna');

# The whole anew on the same grid: no reader waits either; a snapshot keeps its maps.
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$before = $reader->query_safe($state);
$publisher->query_safe('BEGIN');
$publisher->query_safe("SELECT rpm_publish('town', mechanisms => '{line_of_sight}')");
is($node->safe_psql('postgres', "SET statement_timeout = '10s'; $state"), $before, 'a reader sees the old maps while all are replaced');
$publisher->query_safe('COMMIT');
is($reader->query_safe($state), $before, 'a snapshot keeps its maps');
is($reader->query_safe("SELECT count(*) FROM town_rsrp_dbm_contour WHERE geom IS NULL"), 0, 'and its contours');
$reader->query_safe('COMMIT');

# Readers while maps are replaced over and over.
$publisher->query_until(qr/started/, qq{\\echo started
DO \$\$ BEGIN FOR i IN 1 .. 12 LOOP PERFORM rpm_publish('town', antennas => ARRAY[1 + i % 3]); COMMIT; END LOOP; END \$\$;
\\echo ended
});
my ($reads, $holes) = (0, 0);
while ($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'") > 0 && $reads < 500)
{
	$holes++ if $node->safe_psql('postgres', $antennas) ne $whole;
	$reads++;
}
is($holes, 0, 'no hole in any read');
cmp_ok($reads, '>', 0, 'reads while maps were replaced');
$publisher->query_safe('SELECT 1');

# Two publishers of different antennas: both maps are in.
$before = $node->safe_psql('postgres', $state);
$publisher->query_safe('BEGIN');
$publisher->query_safe("SELECT rpm_publish('town', antennas => '{1}')");
my $second = $node->background_psql('postgres');
$second->query_until(qr/started/, "\\echo started\nSELECT rpm_publish('town', antennas => '{3}');\n");
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"), 'the second publisher waits for the first');
$publisher->query_safe('COMMIT');
$second->query_safe('SELECT 1');
is($node->safe_psql('postgres', $antennas), $whole, 'both maps are in, once');
my %old = map { $_ => 1 } split / /, $before;
is(scalar(grep { $old{$_} } split / /, $node->safe_psql('postgres', $state)), 1, 'and only the third is as it was');
$second->quit;

# What another session changed is seen by the next call, in a session that has the scene already.
my $level = q{SELECT round(ST_Value(rast, ST_SetSRID(ST_MakePoint(691301, 5334051), 32632))::numeric, 2)
	FROM rpm_trace('town', antennas => '{1}', mechanisms => '{line_of_sight}', cell_size_m => 2)};
my $free = $reader->query_safe($level);
like($free, qr/^-\d+\.\d+$/, 'a level in line of sight');
is($reader->query_safe($level), $free, 'the same again');
$node->safe_psql('postgres', "UPDATE rpm.antenna SET rs_power_dbm = rs_power_dbm + 3 WHERE antenna_id = 1");
cmp_ok(abs($reader->query_safe($level) - $free - 3), '<', 0.011, 'an antenna changed by another session: 3 dB more');
$node->safe_psql('postgres', "INSERT INTO rpm.building (building_id, name, geom, height_m)
	VALUES (99, 'wall', ST_SetSRID(ST_MakeEnvelope(691200, 5334150, 691230, 5334200), 32632), 40)");
is($reader->query_safe($level), '', 'a building added by another session: in its shadow');
$node->safe_psql('postgres', "UPDATE rpm.building SET height_m = 1 WHERE building_id = 99");
cmp_ok(abs($reader->query_safe($level) - $free - 3), '<', 0.011, 'lowered: in sight again');
$node->safe_psql('postgres', "UPDATE rpm.building SET height_m = 40 WHERE building_id = 99");
is($reader->query_safe($level), '', 'raised: in its shadow');
$node->safe_psql('postgres', "DELETE FROM rpm.building WHERE building_id = 99");
cmp_ok(abs($reader->query_safe($level) - $free - 3), '<', 0.011, 'taken away: in sight again');

$reader->quit;
$publisher->quit;
$node->stop;
done_testing();
