# Several sessions trace the centre of Munich at once: each gets the map that it gets alone, and sees at once what another one changed.
#
# Maps are compared pixel by pixel: their single precision leaves no room for the order of sums (relative 1e-9), so that equal means equal but for a
# handful of pixels on the edge of rounding: at most one in a thousand may differ, by at most 1e-4 dB.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;

my $node = PostgreSQL::Test::Cluster->new('sessions_trace');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 40");
$node->start;

# Geometry (c) OpenStreetMap contributors, ODbL; see test/data/README.md.
my $city = "$FindBin::Bin/../data/munich.csv.xz";
$node->safe_psql('postgres', 'CREATE EXTENSION rpm_pg CASCADE; CREATE TABLE surface (name text, material text, wkt text)');
system_or_bail('sh', '-c', "xz -dc '$city' | psql -XAtq -d '" . $node->connstr('postgres') . "' -c 'COPY surface FROM STDIN (FORMAT csv, HEADER)'");
$node->safe_psql('postgres', q{
	CREATE TABLE part AS
	SELECT row_number() OVER (ORDER BY name, wkt) AS building_id, ST_GeomFromText(wkt, 32632) AS geom, material AS wall_material, material AS roof_material
	FROM surface WHERE name <> 'ground';
	INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg)
	SELECT i, ST_SetSRID(ST_MakePoint(691704.5, 5334744), 32632), 27 + i, 3500, 0, 45 * i FROM generate_series(1, 8) AS i;
	INSERT INTO rpm.scene (name, srid, building_relation, ground_material, extent)
	VALUES ('munich', 32632, 'part', 'concrete', ST_MakeEnvelope(691500, 5334550, 691900, 5334950, 32632));
	CREATE TABLE kept (who text, antenna_id bigint, rast raster);
});
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM part'), '>', 2000, 'the city is there');
is($node->safe_psql('postgres', "SELECT count(*) FILTER (WHERE action = 'skipped') FROM rpm_scene_problems('munich')"), '0', 'no surface of it is skipped');

sub trace
{
	my ($who, $antennas) = @_;
	return "INSERT INTO kept SELECT '$who', t.* FROM rpm_trace('munich', antennas => '{$antennas}', cell_size_m => 10, samples => 20000, max_depth => 2) AS t";
}
sub pixels_that_differ
{
	my ($a, $b) = @_;
	return $node->safe_psql('postgres', "SELECT count(*) FILTER (WHERE (x IS NULL) <> (y IS NULL) OR abs(x - y) > 1e-4) + greatest(0, count(*) FILTER (WHERE x <> y) - count(*) / 1000)
		FROM kept AS a JOIN kept AS b USING (antenna_id), unnest(ST_DumpValues(a.rast, 1), ST_DumpValues(b.rast, 1)) AS v (x, y) WHERE a.who = '$a' AND b.who = '$b'");
}

my @sessions = map { RpmSession->new($node) } 1 .. 8;
$sessions[0]->ask(trace('alone', '1,2,3,4,5,6,7,8'));
is($node->safe_psql('postgres', "SELECT count(*) FROM kept WHERE who = 'alone'"), '8', 'eight maps by one session');
cmp_ok($node->safe_psql('postgres', "SELECT sum(ST_Count(rast)) FROM kept WHERE who = 'alone'"), '>', 8 * 500, 'with levels');

# Two at once, of the same antennas; eight at once, each of one.
$sessions[0]->start(trace('first', '1,2'));
$sessions[1]->start(trace('second', '1,2'));
my $together = 0;
until ($sessions[0]->pump + $sessions[1]->pump == 2)
{
	$together = 1 if !$together && $sessions[2]->ask('SELECT count(*) FROM rpm.progress') eq '2';
	usleep(5000);
}
ok($together, 'two calls are at work at once');
is(pixels_that_differ('alone', 'first'), '0', 'the first gets what it gets alone');
is(pixels_that_differ('alone', 'second'), '0', 'so does the second');
foreach my $i (0 .. 7) { $sessions[$i]->start(trace('eight', $i + 1)); }
$_->answer foreach @sessions;
unlike(join('', map { $_->error } @sessions), qr{ERROR|FATAL}, 'eight at once: no error');
is($node->safe_psql('postgres', "SELECT count(DISTINCT antenna_id) FROM kept WHERE who = 'eight'"), '8', 'eight maps');
is(pixels_that_differ('alone', 'eight'), '0', 'the same maps');
is(join(' ', map { RpmSession::threads_settled($_->{pid}, 1) } @sessions), join(' ', (1) x 8), 'no thread is left in any');

# What another session changes is seen by the next call, and nothing else is built anew.
my $built = "SELECT built FROM rpm_scene_summary('munich')";
is($sessions[0]->ask($built) . $sessions[1]->ask($built), 'ff', 'two sessions have the scene');
$sessions[2]->ask('UPDATE part SET geom = ST_Translate(geom, 0, 0, 5) WHERE building_id = 1');
is($sessions[0]->ask($built), 't', 'a building moved by a third: built anew');
is($sessions[0]->ask($built), 'f', 'once');
is($sessions[1]->ask($built), 't', 'in the other too');
# A change that is not committed is seen by its own session only; a snapshot keeps its scene.
$sessions[0]->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $count = "SELECT building_count FROM rpm_scene_summary('munich')";
my $before = $sessions[0]->ask($count);
$sessions[2]->ask('BEGIN');
$sessions[2]->ask('DELETE FROM part WHERE geom && ST_MakeEnvelope(691600, 5334650, 691800, 5334850, 32632)');
cmp_ok($sessions[2]->ask($count), '<', $before, 'its own session sees a deletion');
is($sessions[1]->ask($count), $before, 'others do not before it is committed');
$sessions[2]->ask('COMMIT');
cmp_ok($sessions[1]->ask($count), '<', $before, 'they do after');
is($sessions[0]->ask($count), $before, 'a snapshot does not');
$sessions[0]->ask('COMMIT');
cmp_ok($sessions[0]->ask($count), '<', $before, 'but after its end');
# A material changed by another session changes the map without a build.
my $power = "SELECT round(sum(power(10, v / 10) * 1e12)::numeric, 6) FROM rpm_trace('munich', antennas => '{1}', cell_size_m => 10, mechanisms => '{reflection}', max_depth => 1) AS t, unnest(ST_DumpValues(rast, 1)) AS v";
my $stone = $sessions[0]->ask($power);
is($sessions[0]->ask($built), 'f', 'kept');
$sessions[2]->ask("UPDATE rpm.material SET a = 1, b = 0, c = 0 WHERE name IN ('concrete', 'marble', 'brick')");
cmp_ok($sessions[0]->ask($power), '<', 0.9 * $stone, 'walls of air reflect less');
is($sessions[0]->ask($built), 'f', 'without a build');

# A target that cannot be reached with so few rays is said.
$sessions[0]->ask("SELECT count(*) FROM rpm_trace('munich', antennas => '{1}', cell_size_m => 10, mechanisms => '{reflection,refraction}', samples => 5000, target_error_db => 0.001)");
like($sessions[0]->error, qr/NOTICE:  target_error_db 0\.001 was not reached for 1 of 1 antennas, at worst \d+\.\d\d dB\nHINT:  Allow more samples than 5000/, 'a target that is missed is said');
$_->finish foreach @sessions;
$node->stop;
done_testing();
