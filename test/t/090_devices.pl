# The CUDA module in a server: the module whose devices are loops on the CPU stands for the one that nvcc makes. What is found, what is said
# where it cannot be used, sessions that share a device, two devices, faults.
use strict;
use warnings;
use Cwd qw(getcwd);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $module = getcwd() . '/build/host/rpm_pg_cuda.so';
is(system('make', '-s', 'build/host/rpm_pg_cuda.so', 'build/host/rpm_pg_nn_cuda.so'), 0, 'the modules for tests are built');

my $node = PostgreSQL::Test::Cluster->new('devices');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrpm_pg.device_module = '$module'\n");

# Starts anew with a machine of these devices.
sub machine
{
	my ($options, $visible) = @_;
	local $ENV{RPM_HOST_CUDA} = $options;
	local $ENV{CUDA_VISIBLE_DEVICES} = $visible;
	delete $ENV{CUDA_VISIBLE_DEVICES} unless defined $visible;
	$node->restart;
}

# Output and notices of one session.
sub session
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	$node->psql('postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 0);
	return ($out, $err);
}

$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	INSERT INTO rpm.building (name, geom, height_m) VALUES ('hall', ST_MakeEnvelope(691100, 5334100, 691160, 5334200, 32632), 15);
	INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
	SELECT i, 'antenna ' || i, ST_SetSRID(ST_MakePoint(691020 + 100 * i, 5334300), 32632), 10, 2140, 18, 'isotropic' FROM generate_series(1, 3) AS i;
	INSERT INTO rpm.scene (name, srid, extent, cell_size_m) VALUES ('town', 32632, ST_MakeEnvelope(691000, 5334000, 691400, 5334400, 32632), 4);
	CREATE FUNCTION checksum() RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC
		SELECT string_agg(antenna_id || ' ' || round((ST_SummaryStats(rast)).mean::numeric, 3), ', ' ORDER BY antenna_id)
		FROM rpm_trace('town', mechanisms => '{line_of_sight}', samples => 0);
	END;
});
my $trace = 'SELECT checksum()';
my ($expected, $notices) = session("SET rpm_pg.device = 'cpu'; $trace");
like($expected, qr/^1 -?\d.*, 2 -?\d.*, 3 -?\d/, 'three maps on the CPU');

machine('devices=2 memory_mb=256');
is($node->safe_psql('postgres', "SELECT kind, number, name, usable, compute_capability, memory_mb, driver_cuda FROM rpm_devices() WHERE kind = 'cuda'"),
	"cuda|0|host loop|t|9.0|256|13.0\ncuda|1|host loop|t|9.0|256|13.0", 'two devices are listed');
is($node->safe_psql('postgres', "SELECT kind, usable, reason IS NULL FROM rpm_devices() WHERE kind = 'cpu'"), 'cpu|t|t', 'and the CPU');
for my $device ('auto', 'cuda')
{
	my ($out, $err) = session("SET rpm_pg.device = '$device'; $trace");
	is($out, $expected, "the same maps with $device, on two devices");
	is($err, '', 'and nothing is said');
}
is((session("SET rpm_pg.device = 'cuda'; SET rpm_pg.device_maps = 1; $trace"))[0], $expected, 'one map at a time on each');
like((session("SELECT rpm_version(); SET rpm_pg.device_maps = 0"))[1], qr/0 is outside the valid range for parameter "rpm_pg.device_maps"/, 'not none');
my $all = "SELECT (ST_SummaryStats(rast)).mean FROM rpm_trace('town', antennas => '{2}', samples => 20000, max_depth => %d)";
sub on { my ($device, $depth) = @_; return $node->safe_psql('postgres', "SET rpm_pg.device = '$device'; " . sprintf($all, $depth)); }
# Two hierarchies: a ray that passes an edge within rounding may fall to either side.
cmp_ok(abs(on('cuda', 1) - on('cpu', 1)), '<', 1e-4, 'all mechanisms of the defaults: the same mean');
cmp_ok(abs(on('cuda', 3) - on('cpu', 3)), '<', 1e-4, 'and with chains of mirrors');
my $paths = "SELECT interactions, round(path_gain_db::numeric, 6), round(length_m::numeric, 6) FROM rpm_paths(2, ST_SetSRID(ST_MakePoint(691210, 5334180), 32632), samples => %d) ORDER BY path_id";
my $by_cpu = $node->safe_psql('postgres', "SET rpm_pg.device = 'cpu'; " . sprintf($paths, 20000));
like($by_cpu, qr/S/, 'exact paths with a reflection');
is($node->safe_psql('postgres', "SET rpm_pg.device = 'cuda'; " . sprintf($paths, 20000)), $by_cpu, 'and the same by rays of the device');
my ($out, $err) = session("SET rpm_pg.device_numbers = '1'; SET rpm_pg.device = 'cuda'; $trace");
is($out, $expected, 'and on the second alone');
($out, $err) = session("SET rpm_pg.device_numbers = '5'; SET rpm_pg.device = 'cuda'; $trace");
like($err, qr/rpm_pg.device_numbers names none of the CUDA devices/, 'no such device');
like((session("SELECT rpm_version(); SET rpm_pg.device_numbers = '1,x'"))[1], qr/Device numbers count from 0 to 15/, 'no such number');

# Memory: a limit of one megabyte does for no scene and its maps.
($out, $err) = session("SET rpm_pg.device = 'cuda'; SET rpm_pg.device_memory_mb = 1; SELECT count(*) FROM rpm_trace('town', cell_size_m => 1, mechanisms => '{line_of_sight}', samples => 0);");
like($err, qr/54000|would need .* MB on the device/, 'too little memory: an error with cuda');
my $fine = "SELECT sum((ST_SummaryStats(rast)).count) FROM rpm_trace('town', cell_size_m => 1, mechanisms => '{line_of_sight}', samples => 0)";
my $cells = $node->safe_psql('postgres', "SET rpm_pg.device = 'cpu'; $fine");
($out, $err) = session("SET rpm_pg.device_memory_mb = 1; $fine; $fine");
is($out, "$cells\n$cells", 'the CPU with auto');
is(() = $err =~ /NOTICE:  traced on the CPU: .* would need/g, 1, 'said once');
($out, $err) = session("SET rpm_pg.device_memory_mb = 1; " . sprintf($paths, 1000000));
like($err, qr/^NOTICE:  traced on the CPU: .* would need.*\n\S*HINT[^\n]*$|^psql:<stdin>:1: NOTICE:  traced on the CPU: .* would need/, 'exact paths: the CPU where many rays do not fit');
like($out, qr/S/, 'with what it finds');

# Two sessions on one device at once.
$node->append_conf('postgresql.conf', "rpm_pg.device_numbers = '0'\n");
machine('devices=2');
my $other = $node->background_psql('postgres', on_error_stop => 0);
$other->query_until(qr/begun/, "\\echo begun\nSELECT count(*) FROM rpm_trace('town', samples => 1000000000, antennas => '{1}');\n");
my $held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = 0 AND granted";
$node->poll_query_until('postgres', $held, '1') or die 'no place was taken';
is((session("SET rpm_pg.device = 'cuda'; $trace"))[0], $expected, 'another session uses the same device meanwhile');
is($node->safe_psql('postgres', $held), '1', 'and gives its place back');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%rpm_trace%' AND pid <> pg_backend_pid()");
$node->poll_query_until('postgres', $held, '0') or die 'the place was not given back';
$other->{run}->finish;

# As many sessions as may use the devices: one more waits, and answers a cancel, or takes the CPU.
$node->append_conf('postgresql.conf', "rpm_pg.device_sessions = 1\nrpm_pg.device_numbers = '0'\n");
machine('devices=2');
my $holder = $node->background_psql('postgres', on_error_stop => 0);
$holder->query_until(qr/begun/, "\\echo begun\nSELECT count(*) FROM rpm_trace('town', samples => 1000000000, antennas => '{1}');\n");
my $places = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = 0 AND granted";
$node->poll_query_until('postgres', $places, '1') or die 'no place was taken';
($out, $err) = session("SET rpm_pg.device_when_busy = 'cpu'; $trace");
is($out, $expected, 'the device is busy: the CPU');
my $began = time;
($out, $err) = session("SET statement_timeout = '300ms'; $trace");
like($err, qr/canceling statement due to statement timeout/, 'or a wait, which a timeout ends');
cmp_ok(time - $began, '<', 3, 'at once');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%rpm_trace%' AND pid <> pg_backend_pid()");
$node->poll_query_until('postgres', $places, '0');
is($node->safe_psql('postgres', $places), '0', 'a cancelled call gives its place back');
is((session($trace))[0], $expected, 'and the next one has it');
$holder->{run}->finish;

# Networks: their module lies beside, with stand-ins for cuDNN and cuBLAS; trained and asked on the device and on the CPU alike.
$node->safe_psql('postgres', q{
	SET client_min_messages = warning;
	INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
	SELECT i, ST_SetSRID(ST_MakePoint(691020 + 100 * i + dx, 5334300 + dy), 32632), -60 - 30 * log(greatest(sqrt(dx * dx + dy * dy), 10) / 10)
	FROM generate_series(1, 3) AS i, generate_series(-75, 75, 10) AS dx, generate_series(-75, 75, 10) AS dy;
});
sub train
{
	my ($name, $device, $precision) = @_;
	return session("SET client_min_messages = notice; SET rpm_pg.device = '$device'; SET rpm_pg.network_precision = '$precision'; CALL rpm_train('$name', 'town', channels => '{distance_m,building_height_m}',
		network => rpm_network_unet(2, base => 2, stages => 1), size_cells => 16, cell_size_m => 10, epochs => 3, learning_rate => 0.01, split => 'block', block_m => 40, folds => 2);");
}
my $error_of = "SELECT (metrics ->> 'mae_db')::float8 FROM rpm.model WHERE current AND name = ";
machine('devices=1');
for my $run (['on_cpu', 'cpu', 'single'], ['on_gpu', 'cuda', 'single'], ['in_half', 'auto', 'half'])
{
	($out, $err) = train(@$run);
	unlike($err, qr/ERROR|networks run/, "a network is trained, $run->[1], $run->[2]");
}
my $mae = $node->safe_psql('postgres', "$error_of 'on_cpu'");
cmp_ok(abs($mae - $node->safe_psql('postgres', "$error_of 'on_gpu'")), '<', 0.01, 'the same error on the device');
cmp_ok(abs($mae - $node->safe_psql('postgres', "$error_of 'in_half'")), '<', 0.2, 'and in half precision nearly so');
my $predict = "SET rpm_pg.model = 'on_cpu'; SELECT round((ST_SummaryStats(rpm_predict(2, 'town', 'network', size_cells => 16))).mean::numeric, 2)";
my $predicted = $node->safe_psql('postgres', "SET rpm_pg.device = 'cpu'; $predict");
is($node->safe_psql('postgres', "SET rpm_pg.device = 'cuda'; $predict"), $predicted, 'and the same prediction');
is($node->safe_psql('postgres', $places), '0', 'no place is kept');
($out, $err) = session("SET rpm_pg.device = 'cuda'; SET rpm_pg.device_memory_mb = 1; $predict");
like($err, qr/the network would need .* MB on CUDA device 0 for inference, 1 MB are allowed/, 'too little memory: an error with cuda');
($out, $err) = session("SET rpm_pg.device_memory_mb = 1; $predict; $predict");
is($out, "$predicted\n$predicted", 'the CPU with auto');
is(() = $err =~ /NOTICE:  networks run on the CPU: the network would need/g, 1, 'said once');
machine('lost_after=0');
($out, $err) = session("\\set VERBOSITY verbose\n$predict;\n$predict;");
like($err, qr/58000: .*CUDA device 0 failed while/, 'a device is lost: an error');
is($out, $predicted, 'then the CPU');
machine('driver=0');
($out, $err) = session("$predict");
is("$out$err", $predicted, 'no driver: the CPU, in silence');
($out, $err) = session("SET rpm_pg.device = 'cuda'; $predict");
like($err, qr/ERROR:  networks cannot run on a CUDA device: no driver of a CUDA device is installed/, 'cuda demanded: an error');

# Nobody can use it: said once in a session under auto, an error where it is demanded.
machine('driver=0');
($out, $err) = session("$trace; $trace");
is($out, "$expected\n$expected", 'no driver: the CPU');
is($err, '', 'of which nothing is said: it is no GPU machine');
is($node->safe_psql('postgres', "SELECT usable, reason FROM rpm_devices() WHERE kind = 'cuda'"), 'f|no driver of a CUDA device is installed', 'but listed');
($out, $err) = session("SET rpm_pg.device = 'cuda'; $trace");
like($err, qr/ERROR:  no CUDA device can be used: no driver of a CUDA device is installed/, 'cuda demanded: an error');
like($err, qr/HINT:  Install the NVIDIA driver/, 'with a hint');

for my $case (['driver=11040', undef, 'the driver knows CUDA 11.4, the module was built with 13.0'],
	['devices=2', '5', 'CUDA_VISIBLE_DEVICES, "5", leaves no device to see'],
	['capability=61', undef, 'its compute capability 6.1 is below 7.5'])
{
	my ($options, $visible, $reason) = @$case;
	machine($options, $visible);
	($out, $err) = session("$trace; $trace");
	is($out, "$expected\n$expected", "$reason: the CPU");
	is(() = $err =~ /NOTICE:  traced on the CPU: \Q$reason\E/g, 1, 'said once in a session');
	($out, $err) = session("SET rpm_pg.device = 'cpu'; $trace");
	is($err, '', 'and not where it is not asked for');
}

# A device that fails ends the query, and the session goes on with the CPU.
machine('lost_after=0');
($out, $err) = session("\\set VERBOSITY verbose\n$trace;\n$trace;");
like($err, qr/58000: .*the CUDA device failed while/, 'a device is lost: an error');
like((session("SET rpm_pg.device = 'cuda';\n" . sprintf($paths, 1000)))[1], qr/ERROR:  antenna 2: the CUDA device failed while finding paths/, 'for exact paths, too');
like($err, qr/HINT:  This session goes on without the device/, 'with a hint');
is($out, $expected, 'then the CPU');

# No module at all.
$node->append_conf('postgresql.conf', "rpm_pg.device_module = '/nowhere/rpm_pg_cuda.so'\n");
machine('');
($out, $err) = session($trace);
is("$out$err", $expected, 'without the module: the CPU, in silence');
($out, $err) = session("SET rpm_pg.device = 'cuda'; $trace");
like($err, qr/ERROR:  no CUDA device can be used: the CUDA module is not installed/, 'cuda demanded: an error');
is($node->safe_psql('postgres', "SELECT usable, reason FROM rpm_devices() WHERE kind = 'cuda'"), 'f|the CUDA module is not installed', 'and listed');

$node->stop;
done_testing();
