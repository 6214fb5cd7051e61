# rpm_train(background => true): in a worker of its own, as the caller's role and with its settings; watched, cancelled, refused and gone on with; what
# stops it is in its row and in the log; a crash leaves what can go on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;
use RpmTrainingTown;

my $node = PostgreSQL::Test::Cluster->new('background');
$node->init;
# Two workers: the launcher of logical replication takes the first.
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 20\nrpm_pg.threads = 1\nmax_worker_processes = 2\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', RpmTrainingTown::script(4, 155, 20) . q{
	CREATE ROLE trainers NOLOGIN;
	CREATE ROLE planner LOGIN IN ROLE trainers;
	CREATE ROLE stranger LOGIN;
	GRANT USAGE ON SCHEMA rpm TO trainers, stranger;
	GRANT SELECT ON ALL TABLES IN SCHEMA rpm TO trainers;
	GRANT INSERT, UPDATE ON rpm.model TO trainers;
	GRANT USAGE ON SEQUENCE rpm.model_model_id_seq TO trainers;
	GRANT EXECUTE ON PROCEDURE rpm_train TO trainers, stranger;
	CREATE SCHEMA own AUTHORIZATION trainers;
	CREATE FUNCTION own.seen(antenna_id bigint, scene text, channels text[], cell_size_m float8, size_cells integer) RETURNS raster LANGUAGE plpgsql AS $$
	BEGIN
		RAISE LOG 'features for % of % with % MB in %', current_user, session_user, current_setting('rpm_pg.max_memory'), current_setting('search_path');
		RETURN public.rpm_features(antenna_id, scene, channels, cell_size_m, size_cells => size_cells);
	END $$;
});

sub training
{
	my ($name, $epochs, $more) = @_;
	return "CALL rpm_train('$name', 'town', channels => '{distance_m,azimuth_off_deg}', network => rpm_network_unet(2, base => 2, stages => 1), size_cells => 32, folds => 2, epochs => $epochs, "
		. ($more || 'background => true') . ')';
}

my ($first, $second) = map { RpmSession->new($node) } 1 .. 2;

sub wait_until
{
	my ($query, $seconds) = @_;
	for (my $deadline = time + ($seconds || 120); time < $deadline; usleep(10000))
	{
		return 1 if $first->ask($query) eq 't';
	}
	return 0;
}

# A place is free when the postmaster has seen the end of the worker before.
sub launch
{
	my $query = shift;
	for (my $deadline = time + 60; time < $deadline; usleep(20000))
	{
		$first->ask($query);
		return if $first->error !~ /no background worker is free/;
	}
	return;
}

# To the end, as in a session.
$first->ask(training('quick', 3));
like($first->error, qr/version 1 of model "quick" is in training in the background, process \d+/, 'the call returns with the process');
ok(wait_until(q{SELECT state = 'ready' FROM rpm.model WHERE name = 'quick'}), 'the model becomes ready');
$second->ask(training('here', 3, 'background => false'));
is($second->ask(q{SELECT q.weights = h.weights AND q.current AND q.metrics = h.metrics AND q.progress - 'history' = '{}' FROM rpm.model AS q, rpm.model AS h WHERE q.name = 'quick' AND h.name = 'here'}),
	't', 'weights and figures are those of a training in a session');

# A role that cannot connect itself, settings of the session, a path of its own.
my $planner = RpmSession->new($node, 'planner');
$planner->ask(q{SET ROLE trainers; SET rpm_pg.max_memory = '300MB'; SET search_path = own, public});
$planner->ask(training('by role', 1, q{background => true, features => 'seen'}));
ok(wait_until(q{SELECT state = 'ready' AND created_by = 'trainers' FROM rpm.model WHERE name = 'by role'}), 'trained by the caller\'s role');
like(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/features for trainers of planner with (300MB|300) MB in own, public/, 'with its settings');
my $stranger = RpmSession->new($node, 'stranger');
$stranger->ask(training('stranger', 1));
like($stranger->error, qr/permission denied/, 'who may not write models cannot');
$stranger->ask('SELECT rpm.train_launch(1)');
like($stranger->error, qr/permission denied for table model/, 'nor start a worker');

# Watched, refused, out of workers, cancelled, gone on with.
launch(training('long', 100000));
ok(wait_until(q{SELECT count(*) = 1 FROM rpm.training WHERE name = 'long' AND at_work AND epoch >= 2}), 'epochs are seen from other sessions');
is($first->ask(q{SELECT a.backend_type, a.datname = current_database(), t.mae_db > 0 FROM rpm.training AS t JOIN pg_stat_activity AS a USING (pid) WHERE t.name = 'long'}),
	'rpm_pg training|t|t', 'the process is a worker of this database');
$second->ask(training('long', 1));
like($second->error, qr/model "long" is in training in another session/, 'a second training of the model is refused in the background');
$second->ask(training('long', 1, 'background => false'));
like($second->error, qr/model "long" is in training in another session/, 'and in a session');
$second->ask(training('another', 1));
like($second->error, qr/no background worker is free.*HINT:.*max_worker_processes = 2/s, 'a training too many is refused with a hint');
is($first->ask(q{SELECT count(*) FROM rpm.model WHERE name = 'another'}), '0', 'and leaves no row');
my $before = time;
$first->ask(q{SELECT pg_cancel_backend(pid) FROM rpm.training WHERE name = 'long'});
ok(wait_until(q{SELECT NOT at_work AND message LIKE 'canceling statement%' FROM rpm.training WHERE name = 'long'}), 'a cancel stops it and says so');
is($first->ask(q{SELECT checkpoint IS NOT NULL AND weights IS NOT NULL AND NOT current FROM rpm.model WHERE name = 'long'}), 't', 'the last epoch is kept');
like(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/ERROR:  canceling statement due to user request/, 'the log has it');
my $epoch = $first->ask(q{SELECT epoch FROM rpm.training WHERE name = 'long'});
launch(q{CALL rpm_train('long', resume => true, background => true)});
ok(wait_until("SELECT at_work AND epoch > $epoch AND message IS NULL FROM rpm.training WHERE name = 'long'"), 'it goes on in another worker');

# The row taken away: the worker ends. A failure while it reads: in the row.
$first->ask(q{DELETE FROM rpm.model WHERE name = 'long'});
ok(wait_until(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'rpm_pg training'}), 'a worker whose row is gone ends');
launch(training('bad', 1, q{background => true, features => 'pg_typeof'}));
ok(wait_until(q{SELECT NOT at_work AND message LIKE '%does not exist%' FROM rpm.training WHERE name = 'bad'}), 'an error is in the row');
$first->ask(q{DELETE FROM rpm.model WHERE name = 'bad'});

# A crash of the server in the middle.
launch(training('crash', 100000));
ok(wait_until(q{SELECT at_work AND epoch >= 2 FROM rpm.training WHERE name = 'crash'}), 'a training before a crash');
$node->stop('immediate');
$_->finish for $first, $second, $planner, $stranger;
$node->start;
($first) = RpmSession->new($node);
is($first->ask(q{SELECT NOT at_work AND epoch >= 2 FROM rpm.training WHERE name = 'crash'}), 't', 'is seen as stopped after it');
$epoch = $first->ask(q{SELECT epoch FROM rpm.training WHERE name = 'crash'});
launch(q{CALL rpm_train('crash', resume => true, background => true)});
ok(wait_until("SELECT at_work AND epoch > $epoch FROM rpm.training WHERE name = 'crash'"), 'and goes on from its last epoch');
$first->finish;
$node->stop;
done_testing();
