# A device that is lost, or too small, while a network learns on it or is asked (rpm_train, also in the background; rpm_calibrate with method network; rpm_predict):
# what is said, what is kept, how it goes on. Devices are loops on the CPU whose calls fail when they are told to (kernels/host_runtime.h).
use strict;
use warnings;
use Cwd qw(getcwd);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;
use RpmTrainingTown;

my $module = getcwd() . '/build/host/rpm_pg_cuda.so';
is(system('make', '-s', 'build/host/rpm_pg_cuda.so', 'build/host/rpm_pg_nn_cuda.so'), 0, 'the modules for tests are built');

my $node = PostgreSQL::Test::Cluster->new('training_device');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrpm_pg.threads = 1\nrpm_pg.device_module = '$module'\n");
$node->start;
$node->safe_psql('postgres', RpmTrainingTown::script(4, 75, 10) . q{
	INSERT INTO rpm.site (site_id, name, geom) SELECT antenna_id, 'site ' || antenna_id, geom FROM rpm.antenna;
	UPDATE rpm.antenna SET site_id = antenna_id;
});

# Starts anew with a machine of these devices.
sub machine
{
	local $ENV{RPM_HOST_CUDA} = shift;
	$node->restart;
	return RpmSession->new($node);
}

sub training
{
	my ($name, $more) = @_;
	return "CALL rpm_train('$name', 'town', channels => '{distance_m,building_height_m}', network => rpm_network_unet(2, base => 2, stages => 1), cell_size_m => 10, epochs => 3,
		learning_rate => 0.01, split => 'block', block_m => 40, folds => 2, " . ($more || 'size_cells => 16') . ')';
}

my $lost = qr/ERROR:  (antenna \d+: )?CUDA device 0 failed while .*: an illegal memory access/;
my $places = q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = 0};
my $state = q{SELECT string_agg(format('%s %s %s', version, state, current), ', ' ORDER BY version) FROM rpm.model WHERE name = };
my $mae = q{SELECT (metrics ->> 'mae_db')::float8 FROM rpm.model WHERE current AND name = };

# Without a fault: what the trainings below must come to; and a version that is current before them.
my $session = machine('');
$session->ask("SET rpm_pg.device = 'cuda'");
$session->ask(training($_)) for qw(whole model);
is($session->error, '', 'a training on the device without a fault');
is($session->ask("SELECT count(DISTINCT weights) FROM rpm.model WHERE name IN ('whole', 'model')"), '1', 'ends with the same weights each time');
my $predict = "SELECT round((ST_SummaryStats(rpm_predict(2, 'town', 'network', size_cells => 16))).mean::numeric, 2)";
my $expected = $session->ask("SET rpm_pg.model = 'model'; $predict");
$session->finish;

# Lost in mid-epoch: a first batch, a first validation (an epoch is some 270 launches, two fifths of them the batch's), later epochs.
my %seen;
for my $launches (0, 230, 420, 700)
{
	$session = machine("lost_after=$launches");
	my $watcher = RpmSession->new($node);
	$session->ask(training('model'));
	like($session->error, $lost, "lost after $launches launches: an error that names the device");
	like($session->error, qr/HINT:  rpm_train goes on from the last epoch .* resume => true/, 'and says how to go on');
	is($watcher->ask("$state 'model'"), '1 ready t, 2 training f', 'the version that was current stays current');
	my ($epochs, $kept) = split /\|/, $watcher->ask(q{SELECT coalesce(jsonb_array_length(progress -> 'history'), 0), checkpoint IS NOT NULL AND weights IS NOT NULL
		AND (progress ->> 'epoch')::int = jsonb_array_length(progress -> 'history') FROM rpm.model WHERE name = 'model' AND version = 2});
	is($kept, $epochs > 0 ? 't' : 'f', "with the checkpoint of each of $epochs epochs and no more");
	$seen{$epochs}++;
	is($watcher->ask(q{SELECT at_work FROM rpm.training WHERE name = 'model'}), 'f', 'it is seen as stopped while its session is still there');
	is($watcher->ask($places), '0', 'and keeps no place on the device');
	if ($launches == 420)
	{
		# Another session, whose device is as lost, on the CPU; after a restart with a device that works, on that.
		$watcher->ask("SET rpm_pg.device = 'cpu'; CALL rpm_train('model', resume => true)");
		is($watcher->error, '', 'another session goes on with it');
	}
	elsif ($launches == 700)
	{
		$_->finish for $session, $watcher;
		$session = machine('');
		$session->ask("SET rpm_pg.device = 'cuda'; CALL rpm_train('model', resume => true)");
		is($session->ask(q{SELECT m.weights = w.weights AND m.metrics = w.metrics FROM rpm.model AS m, rpm.model AS w WHERE m.name = 'model' AND m.version = 2 AND w.name = 'whole'}), 't',
			'on a device that works it ends as if nothing had been');
	}
	else
	{
		$session->ask("CALL rpm_train('model', resume => true)");
		like($session->error, qr/NOTICE:  networks run on the CPU: CUDA device 0 failed in this session/, 'the same session goes on with the CPU');
	}
	is($session->ask("$state 'model'"), '1 ready f, 2 ready t', 'to its end');
	cmp_ok(abs($session->ask("$mae 'model'") - $session->ask("$mae 'whole'")), '<', 0.01, 'with the error of the training without a fault');
	$session->ask(q{DELETE FROM rpm.model WHERE name = 'model' AND version = 2; UPDATE rpm.model SET current = true WHERE name = 'model'});
	eval { $_->finish } for $session, $watcher;
}
is(join(' ', sort keys %seen), '0 1 2', 'faults came before the first epoch had ended, after it and after the second');

# Lost while the training is begun: an error and no row, or the CPU where the device is not even there.
my %begun;
for my $calls (10, 30)
{
	$session = machine("calls=$calls");
	$session->ask(training('begun'));
	my $error = $session->error;
	my $rows = $session->ask("SELECT string_agg(state, ', ') FROM rpm.model WHERE name = 'begun'");
	$begun{$rows}++;
	like($error, $rows eq 'ready' ? qr/\ANOTICE:  networks run on the CPU: / : qr/ERROR: .*CUDA device.* failed while/, "lost after $calls calls: the CPU, or an error and no row");
	$session->ask(q{DELETE FROM rpm.model WHERE name = 'begun'});
	$session->finish;
}
is(join(',', sort keys %begun), ',ready', 'both were seen');
$session = machine('lost=1');
$session->ask("SET rpm_pg.device = 'cuda'");
$session->ask(training('begun'));
like($session->error, qr/ERROR:  networks cannot run on a CUDA device: /, 'an error where the device is demanded');
is($session->ask("$state 'begun'"), '', 'and no row');
$session->finish;

# Too small a device: for the training, and for its validation alone. The CPU, or an error where the device is demanded; no row.
$session = machine('memory_mb=70');
for my $case ([ 'size_cells => 64, batch => 16', 'training' ], [ 'size_cells => 256, crop_cells => 8', 'inference' ])
{
	$session->ask("SET rpm_pg.device = 'cuda'");
	$session->ask(training('small', $case->[0]));
	like($session->error, qr/ERROR:  the network would need \d+ MB on CUDA device 0 for $case->[1]/, "out of memory for $case->[1]");
	is($session->ask("$state 'small'"), '', 'no row');
}
$session->ask("SET rpm_pg.device = 'auto'");
$session->ask(training('small', 'size_cells => 256, crop_cells => 8'));
like($session->error, qr/\ANOTICE:  networks run on the CPU: the network would need[^\n]*\nHINT:[^\n]*\n\z/, 'the CPU with auto');
is($session->ask("$state 'small'"), '1 ready t', 'which trains it');
$session->finish;

# In the background: what stopped it is in its row.
sub wait_until
{
	my $query = shift;
	for (my $deadline = time + 60; time < $deadline; usleep(10000)) { return 1 if $session->ask($query) eq 't'; }
	return 0;
}
$session = machine('lost_after=420');
$session->ask(training('behind', 'size_cells => 16, background => true'));
ok(wait_until(q{SELECT NOT at_work AND epoch = 1 AND message LIKE 'CUDA device 0 failed while%' FROM rpm.training WHERE name = 'behind'}), 'a training in the background says what stopped it');
$session->finish;
# A session that has called nothing else yet: what it has set reaches the worker, else that would use the device.
$session = machine('lost_after=0');
$session->ask("SET rpm_pg.device = 'cpu'; CALL rpm_train('behind', resume => true, background => true)");
like($session->error, qr/\ANOTICE:  version 1 of model "behind" is in training in the background/, 'another worker takes it over, with the settings of its session');
ok(wait_until(q{SELECT count(*) = 1 FROM rpm.model WHERE name = 'behind' AND state = 'ready'}), 'and goes on with it on the CPU');
cmp_ok(abs($session->ask("$mae 'behind'") - $session->ask("$mae 'whole'")), '<', 0.01, 'to the same error');
$session->finish;

# rpm_calibrate with a network: one transaction, of which nothing is left; what was tuned before stays.
my $tune = "SELECT version, current FROM rpm_calibrate(2, 'town', method => 'network', max_iterations => 2, make_current => true)";
$session = machine('');
is($session->ask("SET rpm_pg.device = 'cuda'; SET rpm_pg.model = 'model'; $tune"), '1|t', 'a network is tuned to a site on the device');
$session->finish;
for my $launches (3, 60)
{
	$session = machine("lost_after=$launches");
	$session->ask("SET rpm_pg.model = 'model'");
	$session->ask($tune);
	like($session->error, $lost, "lost after $launches launches: rpm_calibrate ends with an error");
	is($session->ask("$state 'model, site 2'"), '1 ready t', 'and leaves what was');
	is($session->ask($tune), '2|t', 'called again it uses the CPU') if $launches == 60;
	$session->ask(q{DELETE FROM rpm.model WHERE name = 'model, site 2' AND version = 2; UPDATE rpm.model SET current = true WHERE name = 'model, site 2'});
	$session->finish;
}
RpmSession->new($node)->ask(q{DELETE FROM rpm.model WHERE name = 'model, site 2'});

# rpm_predict: an error, at one antenna and in the middle of many; then the CPU.
for my $launches (3, 60)
{
	$session = machine("lost_after=$launches");
	$session->ask("SET rpm_pg.model = 'model'");
	$session->ask(q{SELECT antenna_id, ST_Width(rast) FROM rpm_predict(ARRAY[1, 2, 3, 4], 'town', 'network', size_cells => 16)});
	like($session->error, $lost, "lost after $launches launches: rpm_predict ends with an error");
	is($session->ask($predict), $expected, 'then the CPU, with the same map');
	$session->finish;
}
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|was terminated/, 'no process of the server was brought down');
$node->stop;
done_testing();
