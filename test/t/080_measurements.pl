# Measurements at work: COPY into the table, memory of a raster over many rows, progress and cancel while rows are read and a map is predicted, row order and level security.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;

my $slack = $ENV{RPM_TEST_SLACK} || 1;
my $node = PostgreSQL::Test::Cluster->new('measurements');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 20");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm)
	SELECT i, ST_SetSRID(ST_MakePoint(691002.5 + 1000 * i, 5336002.5), 32632), 20, 2600, 10 FROM generate_series(1, 4) AS i;
});

# COPY: text, EWKT points; a bad row names itself and nothing of the file is kept.
my $file = $node->basedir . '/rows.csv';
append_to_file($file, join('', map { sprintf "%d,SRID=32632;POINT(%.1f %.1f),%.1f\n", 1 + $_ % 4, 691002.5 + 1000 * (1 + $_ % 4) + 5 * ($_ % 97), 5336002.5 + 5 * ($_ % 89), -70 - $_ % 50 } 0 .. 19999));
my $copy = "COPY rpm.measurement (antenna_id, geom, rsrp_dbm) FROM '$file' (FORMAT csv)";
$node->safe_psql('postgres', $copy);
is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.measurement'), '20000', 'COPY loads every row');
append_to_file($file, "1,SRID=32632;POINT(1 1),-500\n");
my ($code, $out, $error) = $node->psql('postgres', $copy);
like($error, qr/rsrp_dbm is -500/, 'COPY names the bad value');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.measurement'), '20000', 'and keeps nothing of that file');

# The order of rows does not matter: floats of means that differ in their last bits differ by one step at most.
my $cells = $node->safe_psql('postgres', 'SELECT count(DISTINCT geom) FROM rpm.measurement WHERE antenna_id = 1');
is($node->safe_psql('postgres', q{
	CREATE TABLE mixed AS SELECT * FROM rpm.measurement ORDER BY md5(measurement_id::text);
	CREATE INDEX ON mixed (antenna_id);
	INSERT INTO rpm.scene (name, srid) VALUES ('as it came', 32632);
	INSERT INTO rpm.scene (name, srid, measurement_relation) VALUES ('mixed', 32632, 'mixed');
	SELECT string_agg(concat_ws(' ', c.cell_count, c.measured_only_count, c.predicted_only_count, c.rmse_db < 1e-4), ', ' ORDER BY d)
	FROM unnest('{db,power,median}'::text[]) AS d, rpm_compare(rpm_ground_truth(1, 'as it came', domain => d), rpm_ground_truth(1, 'mixed', domain => d)) AS c}),
	join(', ', ("$cells 0 0 t") x 3), 'rows in another order give the same raster');

# Two million rows pass through in the memory of a batch.
my $session = RpmSession->new($node);
$session->ask(q{CREATE TABLE many AS SELECT 1::bigint AS antenna_id, a.geom, -80 - i % 20 AS rsrp_dbm FROM rpm.antenna AS a, generate_series(1, 2000000) AS i WHERE a.antenna_id = 1;
	INSERT INTO rpm.scene (name, srid, measurement_relation) VALUES ('many', 32632, 'many')});
$session->ask(q{SELECT count(rpm_ground_truth(1, 'as it came'))});
my $before = RpmSession::resident_kb($session->{pid});
is($session->ask(q{SELECT ST_Value(r, 2, 257, 256), ST_Count(r, 1) FROM rpm_ground_truth(1, 'many') AS r}), '2000000|1', 'two million rows in one cell');
my $grown = RpmSession::resident_kb($session->{pid}) - $before;
cmp_ok($grown, '<', 64 * 1024, "memory grew by $grown kB");
is($session->ask(q{SELECT measurements, cells, covariance_source, covariance_reason FROM rpm_predict_report(1, 'many', size_cells => 16)}),
	'2000000|1|default|too few measured places', 'and a prediction from them says that one place tells no covariance');

# A relation that answers slowly: rows are counted while they come, a cancel is answered, the session works on.
$node->safe_psql('postgres', q{
	CREATE VIEW slow AS SELECT antenna_id, geom, rsrp_dbm + (SELECT 0 FROM pg_sleep(0.0001 * (geom IS NOT NULL)::int)) AS rsrp_dbm FROM many;
	INSERT INTO rpm.scene (name, srid, measurement_relation) VALUES ('slow', 32632, 'slow')});
my $watcher = RpmSession->new($node);
my @times;
foreach my $query (q{SELECT rpm_ground_truth(1, 'slow')}, q{SELECT count(*) FROM rpm_ground_truths('slow', '{1}')}, q{SELECT count(*) FROM rpm_measurement_problems('slow')})
{
	$session->start($query);
	if ($query =~ /truth/)
	{
		my $seen = '';
		my $deadline = time + 60;
		while ($seen !~ /^reading\|t/ && time < $deadline && !$session->pump) { $seen = $watcher->ask("SELECT phase, done > 0, scene FROM rpm.progress WHERE pid = $session->{pid}"); }
		is($seen, 'reading|t|slow', "progress of $query");
	}
	else { usleep(500_000); }
	my $began = time;
	kill 'INT', $session->{pid};
	$session->answer;
	push @times, time - $began;
	like($session->error, qr/canceling statement due to user request/, "cancelled: $query");
}
my @sorted = sort { $a <=> $b } @times;
my $list = join(', ', map { sprintf '%.0f', 1000 * $_ } @times);
note("measured cancel while rows are read: $list ms");
cmp_ok($sorted[1], '<', 0.2 * $slack, "cancel: median of $list ms");
cmp_ok($sorted[2], '<', 1.0 * $slack, 'cancel: the longest');
is($session->ask(q{SELECT ST_Count(rpm_ground_truth(2, 'as it came'), 1) > 0}), 't', 'the session works afterwards');
is($watcher->ask('SELECT count(*) FROM rpm.progress'), '0', 'no call is left in rpm.progress');

# A prediction with a hundred antennas beside it: cancelled at every eighth of its length, while it reads, fits the antennas of the network, learns,
# validates and predicts.
$node->safe_psql('postgres', q{
	CREATE TABLE town_mast (LIKE rpm.antenna INCLUDING DEFAULTS);
	INSERT INTO town_mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg)
	SELECT i, ST_SetSRID(ST_MakePoint(691000 + 80 * (i % 15), 5336000 + 80 * (i / 15)), 32632), 20, 2600, 10, i * 37 % 360 FROM generate_series(0, 99) AS i;
	CREATE TABLE town_drive AS SELECT a.antenna_id, ST_Translate(a.geom, 5 * (i * 37 % 101 - 50), 5 * (i * 61 % 97 - 48)) AS geom, -90 + 9 * sin(i * i) AS rsrp_dbm
	FROM town_mast AS a, LATERAL generate_series(1, CASE antenna_id WHEN 50 THEN 6000 ELSE 500 END) AS i;
	CREATE INDEX ON town_drive (antenna_id);
	INSERT INTO rpm.scene (name, srid, antenna_relation, measurement_relation) VALUES ('network', 32632, 'town_mast', 'town_drive')});
my $predict = q{SELECT ST_Count(rpm_predict(50, 'network', sharing => 'all', size_cells => 256), 1)};
# Sessions of their own: a session's time limit counts from its start.
$_->finish foreach $session, $watcher;
($session, $watcher) = map { RpmSession->new($node) } 1, 2;
$session->ask($predict);
my $idle_threads = RpmSession::threads($session->{pid});
my $whole = time;
is($session->ask($predict), 256 * 256, 'a map with the network beside it');
$whole = time - $whole;
my %met;
@times = ();
foreach my $eighth (0 .. 7)
{
	$session->start($predict);
	usleep(1e6 * $whole * ($eighth + 0.5) / 8);
	$met{$watcher->ask("SELECT phase FROM rpm.progress WHERE pid = $session->{pid}") || 'none'}++;
	my $began = time;
	kill 'INT', $session->{pid};
	$session->answer;
	push @times, time - $began if $session->error =~ /canceling statement due to user request/;
}
@sorted = sort { $a <=> $b } @times;
$list = join(', ', map { sprintf '%.0f', 1000 * $_ } @times);
note(sprintf 'measured cancel of a prediction of %.1f s (%s): %s ms', $whole, join(', ', map { "$_ $met{$_}" } sort keys %met), $list);
cmp_ok(scalar @times, '>=', 5, 'predictions are cancelled');
ok($met{learning}, 'some while they learn, the fit of the network included');
cmp_ok($sorted[$#sorted / 2], '<', 0.2 * $slack, "cancel of a prediction: median of $list ms");
cmp_ok($sorted[-1], '<', 1.0 * $slack, 'cancel of a prediction: the longest');
is(RpmSession::threads_settled($session->{pid}, $idle_threads), $idle_threads, 'no thread is left');
is($session->ask($predict), 256 * 256, 'the session predicts afterwards');

# Row-level security holds: a reader sees the cells of the rows that he may see.
is($node->safe_psql('postgres', q{
	CREATE ROLE reader;
	GRANT SELECT ON rpm.scene, rpm.antenna, rpm.measurement TO reader;
	ALTER TABLE mixed ENABLE ROW LEVEL SECURITY;
	GRANT SELECT ON mixed TO reader;
	CREATE POLICY strong ON mixed FOR SELECT TO reader USING (rsrp_dbm > -80);
	SET ROLE reader;
	SELECT (ST_SummaryStats(rpm_ground_truth(1, 'mixed'), 1)).min > -80}), 't', 'row-level security holds');

$session->finish;
$watcher->finish;
$node->stop;
done_testing();
