# Progress of a call, seen from other sessions: its phases in order, a count that grows, none of it in the server's own views, and only to those who may.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;

my $node = PostgreSQL::Test::Cluster->new('progress');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	CREATE TABLE house AS
	SELECT 100 * i + j AS building_id, ST_MakeEnvelope(691000 + 20 * i, 5336000 + 20 * j, 691010 + 20 * i, 5336011 + 20 * j, 32632) AS geom, 5 + (i * j) % 20 AS height_m
	FROM generate_series(0, 99) AS i, generate_series(0, 99) AS j;
	CREATE VIEW slow AS SELECT building_id, geom, height_m, (SELECT 'concrete' FROM pg_sleep(0.002)) AS wall_material FROM house WHERE building_id < 150;
	INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern) SELECT i, ST_SetSRID(ST_MakePoint(691015 + 20 * i, 5336015), 32632), 30, 3500, 0, 'isotropic'
	FROM generate_series(1, 3) AS i;
	INSERT INTO rpm.material (name, a, scattering_coefficient) VALUES ('rough', 5, 0.5);
	INSERT INTO rpm.scene (name, srid, building_relation, ground_material, extent) VALUES ('town', 32632, 'house', 'rough', NULL),
		('slow', 32632, 'slow', 'rough', ST_MakeEnvelope(691000, 5336000, 691200, 5336400, 32632));
	CREATE ROLE caller LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE ROLE monitor LOGIN IN ROLE pg_read_all_stats;
	GRANT SELECT ON house, slow, rpm.scene, rpm.antenna TO caller;
});
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), '', 'nothing is preloaded');

my $caller = RpmSession->new($node, 'caller');
my $pid = $caller->{pid};
my $watcher = RpmSession->new($node);
is($watcher->ask('SELECT count(*) FROM rpm.progress'), '0', 'nobody at work');

# Each phase as it is seen from here while the calls run.
sub follow
{
	my ($query) = @_;
	my (%seen, @order, %done, $wrong, $row, @antennas);
	$caller->start($query);
	until ($caller->pump)
	{
		usleep(3000);
		$row = $watcher->ask("SELECT phase, done, total, datname, usename, scene, antennas_done, antennas_total, started <= clock_timestamp() AND started > clock_timestamp() - interval '1 hour'
			FROM rpm.progress WHERE pid = $pid");
		next if $row eq '';
		my ($phase, $done, $total, $database, $user, $scene, $antenna, $antennas, $time) = split /\|/, $row;
		push @order, $phase unless @order && $order[-1] eq $phase;
		$wrong = $row if $total > 0 && $done > $total || $done < 0 || $database ne 'postgres' || $user ne 'caller' || $time ne 't';
		$seen{$scene} = 1;
		push @{ $done{$phase} }, $done;
		push @antennas, "$antenna of $antennas" if $phase eq 'tracing' && (!@antennas || $antennas[-1] ne "$antenna of $antennas");
	}
	return { order => join(' ', @order), done => \%done, wrong => $wrong, scenes => join(' ', keys %seen), antennas => \@antennas };
}

my $reading = follow("SELECT count(*) FROM rpm_trace('slow', antennas => '{1}', samples => 1000, cell_size_m => 50)");
like($reading->{order}, qr/reading/, 'reading is seen');
is($reading->{scenes}, 'slow', 'with the scene');
is($reading->{wrong}, undef, 'its rows hold');
my $building = follow("SELECT count(*) FROM rpm_trace('town', samples => 100000, cell_size_m => 50)");
like($building->{order}, qr/^(starting )?(reading )?building (starting )?tracing/, "the phases in order: $building->{order}");
is($building->{wrong}, undef, 'their rows hold');
my @traced = @{ $building->{done}{tracing} || [] };
my $falls = grep { $traced[$_] < $traced[ $_ - 1 ] } 1 .. $#traced;
my %different = map { $_ => 1 } @traced;
cmp_ok(scalar keys %different, '>', 5, 'done grows while tracing: ' . scalar(keys %different) . ' values');
cmp_ok($falls, '<=', 3, 'and starts anew with each antenna only');
is(join(', ', @{ $building->{antennas} }), '0 of 3, 1 of 3, 2 of 3', 'antennas are counted');
is($watcher->ask('SELECT count(*) FROM rpm.progress'), '0', 'nothing is left at the end');

# What the server shows itself is not touched; who may see what.
$caller->start("SELECT count(*) FROM rpm_trace('town', samples => 100000000000, cell_size_m => 10)");
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM rpm.progress WHERE phase = 'tracing'"), 'a long call');
foreach my $view ('vacuum', 'analyze', 'cluster', 'create_index', 'basebackup', 'copy')
{
	is($watcher->ask("SELECT count(*) FROM pg_stat_progress_$view"), '0', "no stray row in pg_stat_progress_$view");
}
is($watcher->ask("SELECT state || ' ' || (query LIKE '%rpm_trace%') FROM pg_stat_activity WHERE pid = $pid"), 'active true', 'pg_stat_activity shows the query');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.progress', extra_params => [ '-U', 'stranger' ]), '0', 'another role does not see it');
is($node->safe_psql('postgres', 'SELECT usename FROM rpm.progress', extra_params => [ '-U', 'caller' ]), 'caller', 'its own role does');
is($node->safe_psql('postgres', 'SELECT usename FROM rpm.progress', extra_params => [ '-U', 'monitor' ]), 'caller', 'so does a monitor');
# After an error the counters are free again.
$watcher->ask("SELECT pg_cancel_backend($pid)");
$caller->answer;
like($caller->error, qr/canceling statement/, 'cancelled');
is($watcher->ask('SELECT count(*) FROM rpm.progress'), '0', 'nothing is left after the error');
# Inside COPY the counters are COPY's: the call works, and the server's row stays its own.
is($caller->ask("COPY (SELECT antenna_id FROM rpm_trace('town', antennas => '{1}', samples => 1000, cell_size_m => 100, mechanisms => '{line_of_sight}')) TO STDOUT"), '1',
	'a trace inside COPY');
$caller->finish;
$watcher->finish;
$node->stop;
done_testing();
