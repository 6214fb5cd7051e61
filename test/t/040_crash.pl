# A backend that dies in mid-trace: the server recovers, and nothing is left behind: no shared memory, no semaphores, no temporary files, no processes.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\nlog_temp_files = 0");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	INSERT INTO rpm.building (geom, height_m) SELECT ST_MakeEnvelope(691000 + 40 * i, 5336000 + 40 * j, 691020 + 40 * i, 5336020 + 40 * j, 32632), 15
	FROM generate_series(0, 9) AS i, generate_series(0, 9) AS j;
	INSERT INTO rpm.material (name, a, scattering_coefficient) VALUES ('rough', 5, 0.5);
	INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern) SELECT i, ST_SetSRID(ST_MakePoint(691030 + i, 5336030), 32632), 30, 3500, 0, 'isotropic'
	FROM generate_series(1, 3) AS i;
	INSERT INTO rpm.scene (name, srid, ground_material) VALUES ('town', 32632, 'rough');
});
my $level = q{SELECT round(ST_Value(rast, ST_SetSRID(ST_MakePoint(691191, 5336191), 32632))::numeric, 3) FROM rpm_trace('town', antennas => '{1}', samples => 10000, max_depth => 2)};
my $before = $node->safe_psql('postgres', $level);
like($before, qr/^-\d+\.\d+$/, 'a level before');

sub left_over
{
	my $folder = $node->data_dir;
	my @temporary = (glob("$folder/base/pgsql_tmp/*"), glob("$folder/base/*/t*_*"));
	my @dynamic = glob("$folder/pg_dynshmem/*");
	my @segments = glob('/dev/shm/*rpm*');
	return join(' ', @temporary, grep({ !/mmap\.\d+$/ } @dynamic), @segments);
}
# Shared memory of servers that no process has: other servers of this machine come and go, but theirs is in use.
sub lost_segments
{
	my %lost = map { $_ => 1 } glob('/dev/shm/PostgreSQL.*');
	foreach my $maps (glob('/proc/[0-9]*/maps'))
	{
		open(my $file, '<', $maps) or next;
		while (my $line = <$file>) { delete $lost{$1} if $line =~ m{(/dev/shm/PostgreSQL\.\d+)}; }
	}
	return \%lost;
}
my $lost_before = lost_segments();

foreach my $round (1, 2)
{
	my $victim = RpmSession->new($node);
	my $pid = $victim->{pid};
	$victim->start(q{SELECT count(*) FROM rpm_trace('town', samples => 100000000000, cell_size_m => 1)});
	# The first dies with its threads at work on the first antenna, the second when it has been at it for a while.
	ok($node->poll_query_until('postgres', "SELECT phase = 'tracing' FROM rpm.progress WHERE pid = $pid"), 'it traces');
	usleep(700_000) if $round == 2;
	my @threads = glob("/proc/$pid/task/*");
	cmp_ok(scalar @threads, '>', 1, 'with threads');
	kill 'KILL', $pid;
	like($victim->lost, qr/server closed the connection|terminating connection|connection to server was lost/, 'its client is told');
	ok($node->poll_query_until('postgres', 'SELECT true'), 'the server recovers');
	ok(!-e "/proc/$pid", 'the process and its threads are gone');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.progress'), '0', 'nothing is said to be at work');
	is(left_over(), '', 'no file or segment is left');
	is(join(' ', grep { !$lost_before->{$_} } keys %{lost_segments()}), '', 'no shared memory is left without a process');
	is($node->safe_psql('postgres', $level), $before, 'the next trace gives the same level');
}

# Maps batch by batch: what was committed before the crash stays, and the job goes on with the rest; two sessions share it.
my $job = q{CALL rpm_publish_batches('town', batch_size => 1, cell_size_m => 5, max_depth => 2, samples => %s)};
my $victim = RpmSession->new($node);
$victim->start(sprintf $job, 300000);
ok($node->poll_query_until('postgres', "SELECT to_regclass('town_rsrp_dbm') IS NOT NULL"), 'a batch is committed');
kill 'KILL', $victim->{pid};
$victim->lost;
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server recovers');
my $maps = 'SELECT count(DISTINCT antenna_id), min(rid) FROM town_rsrp_dbm';
my ($kept, $first) = split /\|/, $node->safe_psql('postgres', $maps);
cmp_ok($kept, '<', 3, 'some maps are missing');
my @both = map { RpmSession->new($node) } 1, 2;
$_->start(sprintf $job, 300000) foreach @both;
$_->answer foreach @both;
is(join('', map { $_->error =~ /ERROR|WARNING/g } @both), '', 'two sessions go on');
is($node->safe_psql('postgres', $maps), "3|$first", 'now all are there, and the first is still the same');
$_->finish foreach @both;

# An error in mid-call leaves nothing either: the session, its transaction's savepoint and its kept scene go on.
my $session = RpmSession->new($node);
$session->ask('BEGIN');
is($session->ask($level), $before, 'the level in a transaction');
$session->ask('SAVEPOINT s');
$session->ask(q{SELECT count(*) FROM rpm_trace('town', antennas => '{1,99}')});
like($session->error, qr/has no antenna 99/, 'an error before tracing');
$session->ask('ROLLBACK TO s');
$session->ask(q{UPDATE rpm.antenna SET geom = ST_SetSRID(ST_MakePoint(691010, 5336010), 32632), height_m = 5 WHERE antenna_id = 2});
$session->ask(q{SELECT count(*) FROM rpm_trace('town', samples => 10000)});
like($session->error, qr/antenna 2.* inside building/, 'an error while tracing the second antenna');
$session->ask('ROLLBACK TO s');
is($session->ask(q{SELECT built FROM rpm_scene_summary('town')}), 'f', 'the kept scene is still there after two errors');
is($session->ask($level), $before, 'and the level is the same');
$session->ask('COMMIT');
is($session->ask(q{SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'}), '0', 'no lock is left');
is(RpmSession::threads_settled($session->{pid}, 1), 1, 'no thread is left');
is(left_over(), '', 'no file or segment is left');
$session->finish;

# A fast shutdown in mid-trace does not wait for it.
my $last = RpmSession->new($node);
$last->start(q{SELECT count(*) FROM rpm_trace('town', samples => 100000000000, cell_size_m => 1)});
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM rpm.progress WHERE phase = 'tracing'"), 'a call at work');
my $began = time;
$node->stop('fast');
cmp_ok(time - $began, '<', 10, 'a fast shutdown ends it');
$last->finish;
is(left_over(), '', 'nothing is left after the shutdown');
done_testing();
