# rpm_recalibrate_stale as pg_cron runs it, on a server that is stopped in the middle; several sessions at once, cancels, failures.  The fit
# is a stand-in that takes as long, and fails, as the test wants.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use RpmSession;

my $node = PostgreSQL::Test::Cluster->new('jobs');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $cron = $node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'pg_cron'");
if ($cron ne '')
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\ncron.use_background_workers = on\nmax_worker_processes = 16");
	$node->restart;
}

$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	CREATE TABLE plan (site bigint PRIMARY KEY, seconds double precision NOT NULL DEFAULT 0, mae_db double precision NOT NULL DEFAULT 5, problem text);
	INSERT INTO plan SELECT i FROM generate_series(1, 8) AS i;
	INSERT INTO rpm.scene (name, srid) VALUES ('town', 32632);
	INSERT INTO rpm.site (site_id, name) SELECT i, 'site ' || i FROM generate_series(1, 8) AS i;
	INSERT INTO rpm.antenna (antenna_id, site_id, geom, height_m, frequency_mhz, rs_power_dbm)
	SELECT i, i, ST_SetSRID(ST_MakePoint(690000 + 4000 * i, 5336000), 32632), 30, 2140, 0 FROM generate_series(1, 8) AS i;
	INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT a.antenna_id, ST_Translate(a.geom, 5 * k, 9 * k), -60 - k
	FROM rpm.antenna AS a, generate_series(1, 30) AS k;
	DO $do$ BEGIN
	EXECUTE format('CREATE OR REPLACE FUNCTION rpm_calibration_fit(%s) LANGUAGE plpgsql STABLE AS %L', pg_get_function_arguments('rpm_calibration_fit'::regproc), $body$
	DECLARE
		planned plan := (SELECT p FROM plan AS p WHERE p.site = rpm_calibration_fit.site);
	BEGIN
		PERFORM pg_sleep(planned.seconds);
		IF planned.problem IS NOT NULL THEN
			RAISE EXCEPTION '%', planned.problem;
		END IF;
		parameters := jsonb_build_object('method', method);
		metrics := jsonb_build_object('held_out', jsonb_build_object('before', jsonb_build_object('mae_db', 12), 'after', jsonb_build_object('mae_db', planned.mae_db)));
		duration_ms := 1000 * planned.seconds;
	END $body$);
	END $do$;
});

sub log_of { my $where = shift; return $node->safe_psql('postgres', "SELECT string_agg(site_id || ' ' || outcome, ', ' ORDER BY log_id) FROM rpm.calibration_log WHERE $where"); }
# All sites but those named become stale; the log is emptied.
sub measured_anew
{
	my $sites = shift;
	$node->safe_psql('postgres', "DELETE FROM rpm.calibration_log; UPDATE plan SET seconds = 0, mae_db = 5, problem = NULL;
		INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT a.antenna_id, a.geom, -77 FROM rpm.antenna AS a WHERE a.antenna_id IN ($sites)");
	return;
}
my $begun = "SELECT count(*) FROM rpm.calibration_log WHERE outcome = 'running'";

# Nothing to begin with unless a scene is named; most measurements first, then by number.
my ($rc, $out, $err) = $node->psql('postgres', 'CALL rpm_recalibrate_stale()');
like($err, qr/no site of any scene was ever calibrated/, 'nobody asked for a calibration yet');
$node->safe_psql('postgres', 'INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT antenna_id, geom, -70 FROM rpm.antenna WHERE antenna_id IN (5, 6)');
$node->safe_psql('postgres', 'UPDATE plan SET mae_db = 15 WHERE site = 2; UPDATE plan SET problem = $$no path reaches a measured cell$$ WHERE site = 3');
($rc, $out, $err) = $node->psql('postgres', "CALL rpm_recalibrate_stale(scene => 'town')");
like($err, qr/7 sites calibrated, 1 failed/, 'one failure does not stop the others');
is(log_of('true'), '5 current, 6 current, 1 current, 2 kept, 3 failed, 4 current, 7 current, 8 current', 'the log says what became of each');
is($node->safe_psql('postgres', 'SELECT message FROM rpm.calibration_log WHERE site_id IN (2, 3) ORDER BY site_id'),
	"calibration 1 of site 2 is not made current: 15.00 dB at the held-out blocks against 12.00 dB without calibration\nno path reaches a measured cell", 'and why');
is($node->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE current) FROM rpm.calibration'), '7|6', 'versions');
$node->psql('postgres', 'CALL rpm_recalibrate_stale()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.calibration_log'), '8', 'a second run finds nothing to do, the failed one not before its time');
$node->safe_psql('postgres', "UPDATE plan SET problem = NULL; CALL rpm_recalibrate_stale(retry_after => '0')");
is(log_of('log_id > 8'), '3 current', 'and then it does');

# A scene that cannot be read is logged and does not stop the others.
$node->safe_psql('postgres', q{
	CREATE TABLE lost (antenna_id bigint, geom geometry, rsrp_dbm real);
	INSERT INTO rpm.scene (name, srid, measurement_relation) VALUES ('ruin', 32632, 'lost');
	INSERT INTO rpm.calibration (scene, site_id, version, method, parameters, metrics) VALUES ('ruin', 1, 1, 'A', '{}', '{}');
	DROP TABLE lost;
});
measured_anew('7');
($rc, $out, $err) = $node->psql('postgres', 'CALL rpm_recalibrate_stale()');
like($err, qr/scene "ruin" is left out: measurement_relation of scene "ruin" names a relation that does not exist/, 'a scene whose relation was dropped');
is($node->safe_psql('postgres', q{SELECT string_agg(concat_ws(' ', scene, site_id, outcome), ', ' ORDER BY log_id) FROM rpm.calibration_log}), 'ruin failed, town 7 current', 'the others go on');
$node->safe_psql('postgres', q{DELETE FROM rpm.scene WHERE name = 'ruin'});

# No site is begun after the time budget.
measured_anew('1, 2, 4');
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 2');
$node->safe_psql('postgres', "CALL rpm_recalibrate_stale(time_budget => '2 s')");
is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.calibration_log'), '1', 'the time budget ends it');
is($node->safe_psql('postgres', 'SELECT count(*) FROM rpm.stale_site'), '2', 'and the others stay stale');

# Several sessions share the sites, as many as may; none is done twice.
measured_anew('1, 2, 3, 4, 5, 6, 7, 8');
$node->safe_psql('postgres', 'UPDATE plan SET seconds = CASE WHEN site <= 2 THEN 3 ELSE 0.1 END; UPDATE rpm.calibration_site SET error_db = 50 WHERE site_id <= 2');
my @sessions = map { RpmSession->new($node) } 1 .. 3;
$sessions[0]->start('CALL rpm_recalibrate_stale(sessions => 2)');
ok($node->poll_query_until('postgres', "$begun AND outcome = 'running'", '1'), 'a run is at work');
$sessions[1]->start('CALL rpm_recalibrate_stale(sessions => 2)');
ok($node->poll_query_until('postgres', $begun, '2'), 'two sessions at work');
$sessions[2]->start('CALL rpm_recalibrate_stale(sessions => 2)');
$sessions[2]->answer;
like($sessions[2]->error, qr/at work in 2 sessions already/, 'a third is one too many');
$_->answer for @sessions[0, 1];
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT site_id), count(DISTINCT pid), bool_and(outcome IN ('current', 'kept')) FROM rpm.calibration_log"), '8|8|2|t',
	'they shared the sites, each once');

# A second run is refused, and so is the site at work.  A cancel ends the run, keeps what was done, and the site is taken again.
measured_anew('1, 2');
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 60 WHERE site = 2;
	UPDATE rpm.calibration_site SET error_db = 1 WHERE site_id = 2; UPDATE rpm.calibration_site SET error_db = 9 WHERE site_id = 1');
$sessions[0]->start('CALL rpm_recalibrate_stale()');
ok($node->poll_query_until('postgres', "$begun AND site_id = 2", '1'), 'the second site is at work');
($rc, $out, $err) = $node->psql('postgres', 'CALL rpm_recalibrate_stale()');
like($err, qr/at work in another session already: nothing is done/, 'a second run does nothing and says so');
($rc, $out, $err) = $node->psql('postgres', q{SELECT * FROM rpm_calibrate(2)});
like($err, qr/site 2 of scene "town" is being calibrated by another session/, 'the site at work is refused to others');
my $before = time;
$node->safe_psql('postgres', "SELECT pg_cancel_backend($sessions[0]{pid})");
$sessions[0]->answer;
cmp_ok(time - $before, '<', 5, 'a cancel ends it');
like($sessions[0]->error, qr/canceled in site 2; what was done before is kept/, 'and says where');
is(log_of('true'), '1 current, 2 cancelled', 'what was done is kept');
is($sessions[0]->ask("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"), '0', 'no lock is left');
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 0');
$sessions[1]->start('CALL rpm_recalibrate_stale()');
$sessions[1]->answer;
is(log_of('true'), '1 current, 2 cancelled, 2 current', 'another session takes the site again');

# A site that another session calibrates by hand is passed over, and stays stale if that comes to nothing.
measured_anew('3');
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 60 WHERE site = 3');
$sessions[0]->start('SELECT * FROM rpm_calibrate(3)');
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = $sessions[0]{pid} AND wait_event = 'PgSleep'"), 'calibrated by hand');
$node->safe_psql('postgres', 'CALL rpm_recalibrate_stale()');
is(log_of('true'), '3 busy', 'the job passes it over');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($sessions[0]{pid})");
$sessions[0]->answer;
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 0; CALL rpm_recalibrate_stale()');
is(log_of('true'), '3 busy, 3 current', 'and takes it the next time');

# Measurements that come while a site is calibrated make it stale again.
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 1 WHERE site = 3');
$sessions[0]->start('SELECT current FROM rpm_calibrate(3)');
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = $sessions[0]{pid} AND wait_event = 'PgSleep'"), 'calibrated once more');
$node->safe_psql('postgres', 'INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT antenna_id, geom, -71 FROM rpm.antenna WHERE antenna_id = 3');
is($sessions[0]->answer, 't', 'with what there was when it began');
$node->safe_psql('postgres', "CALL rpm_recalibrate_stale(time_budget => '0')");
is($node->safe_psql('postgres', 'SELECT site_id, reason, measurements - attempted_measurements FROM rpm.stale_site'), '3|measurements changed|1', 'what came since is not lost');

# A scene that changes while a site is calibrated does the same.
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 0; CALL rpm_recalibrate_stale(); UPDATE plan SET seconds = 1 WHERE site = 4');
$sessions[0]->start('SELECT current FROM rpm_calibrate(4)');
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = $sessions[0]{pid} AND wait_event = 'PgSleep'"), 'another site at work');
$node->safe_psql('postgres', 'INSERT INTO rpm.building (building_id, geom, height_m) VALUES (1, ST_MakeEnvelope(706050, 5336000, 706080, 5336030, 32632), 15)');
is($sessions[0]->answer, 't', 'in the scene as it was when it began');
$node->safe_psql('postgres', "CALL rpm_recalibrate_stale(time_budget => '0')");
like($node->safe_psql('postgres', 'SELECT site_id, reason FROM rpm.stale_site'), qr/^4\|antennas or buildings changed$/, 'the building that came since is not lost');
$node->safe_psql('postgres', 'UPDATE plan SET seconds = 0; CALL rpm_recalibrate_stale()');
$_->finish for @sessions;

SKIP:
{
	skip 'pg_cron is not installed', 7 if $cron eq '';

	# pg_cron starts the job with the server; the server stops in the middle of the second site, and the job goes on after the next start.
	measured_anew('1, 2, 3, 4');
	$node->safe_psql('postgres', q{
		UPDATE plan SET seconds = CASE site WHEN 2 THEN 60 ELSE 0 END;
		UPDATE rpm.calibration_site SET error_db = 10 - site_id;
		CREATE EXTENSION pg_cron;
		SELECT cron.schedule('calibrate', '@reboot', 'CALL rpm_recalibrate_stale()');
	});
	$node->restart;
	ok($node->poll_query_until('postgres', "$begun AND site_id = 2", '1'), 'pg_cron runs the job, the second site is at work');
	$node->stop('immediate');
	$node->start;
	ok($node->poll_query_until('postgres', "SELECT count(*) FROM rpm.calibration_log WHERE outcome = 'interrupted'", '1'), 'after the restart the crash is noted');
	ok($node->poll_query_until('postgres', "$begun AND site_id = 2", '1'), 'and the site is begun again, after the others');
	is(log_of('true'), '1 current, 2 interrupted, 3 current, 4 current, 2 running', 'nothing was done twice');
	$node->safe_psql('postgres', q{UPDATE plan SET seconds = 0; SELECT pg_terminate_backend(pid) FROM rpm.calibration_log WHERE outcome = 'running'});
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'CALL rpm_recal%'}), 'a session that is ended');
	$node->safe_psql('postgres', 'CALL rpm_recalibrate_stale()');
	is(log_of('true'), '1 current, 2 interrupted, 3 current, 4 current, 2 interrupted, 2 current', 'does not hold up the next run');
	is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT status, ' ') FROM cron.job_run_details WHERE jobid IN (SELECT jobid FROM cron.job)") =~ /succeeded/ ? 1 : 0, 0,
		'neither run ended by itself');
}
$node->stop;
done_testing();
