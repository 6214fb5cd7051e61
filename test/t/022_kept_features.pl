# What a network sees of an antenna's surroundings is kept by the session, as scenes are: tables that have not changed are not read again, and nothing that anybody can do
# to them goes unseen. Whether they were read is what the server counts of scans; what a session should see is what it sees with nothing kept.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RpmSession;

my $node = PostgreSQL::Test::Cluster->new('kept_features');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_prepared_transactions = 2\nclient_min_messages = warning\nrpm_pg.threads = 1");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION rpm_pg CASCADE;
	CREATE TABLE house (building_id bigint PRIMARY KEY, geom geometry(Geometry, 32632), height_m double precision);
	CREATE INDEX ON house USING gist (geom);
	INSERT INTO house SELECT 10 * i + j, ST_MakeEnvelope(691000 + 60 * i, 5336000 + 60 * j, 691030 + 60 * i, 5336030 + 60 * j, 32632), 15
	FROM generate_series(0, 9) AS i, generate_series(0, 9) AS j;
	INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern) SELECT i, ST_SetSRID(ST_MakePoint(691040 + 60 * i, 5336040), 32632), 30, 3500, 0, 'isotropic'
	FROM generate_series(1, 3) AS i;
	INSERT INTO rpm.scene (name, srid, cell_size_m, extent, building_relation) VALUES ('town', 32632, 10, ST_MakeEnvelope(689000, 5334000, 693000, 5338000, 32632), 'house');
	CREATE FUNCTION scans() RETURNS bigint LANGUAGE sql AS $$
		SELECT sum(pg_stat_get_xact_numscans(c.oid)) FROM pg_class AS c WHERE c.oid IN ('house'::regclass::oid, 'rpm.building'::regclass::oid)
			OR EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = c.oid AND i.indrelid IN ('house'::regclass, 'rpm.building'::regclass)) $$;
	CREATE FUNCTION see(antenna bigint, scene text, OUT scans bigint, OUT map text) LANGUAGE plpgsql AS $$
	DECLARE
		before bigint := scans();
	BEGIN
		map := md5(ST_AsWKB(rpm_predict(antenna, scene, method => 'network', size_cells => 32)));
		scans := scans() - before;
	END $$;
	CREATE FUNCTION build(scene text, OUT scans bigint, OUT built boolean) LANGUAGE plpgsql AS $$
	DECLARE
		before bigint := scans();
	BEGIN
		built := s.built FROM rpm_scene_summary(scene) AS s;
		scans := scans() - before;
	END $$;
	CREATE ROLE alice;
	GRANT SELECT ON ALL TABLES IN SCHEMA rpm TO alice;
	GRANT USAGE ON SCHEMA rpm TO alice;
});
my ($session, $other) = map { RpmSession->new($node) } 1 .. 2;

# The other session must not wait, nor fail.
sub other { $other->ask(shift); is($other->error, '', 'the other session') if $other->error ne ''; return; }
other("SET lock_timeout = '2s'");

# Asks twice, with what is kept and with nothing; what was expected of the first: kept, read, or an error's text.
my $last = '';
sub sees
{
	my ($expected, $name, %of) = @_;
	my $see = sprintf("SELECT CASE WHEN scans = 0 THEN 'kept' ELSE 'read' END, map FROM see(%d, '%s')", $of{antenna} // 1, $of{scene} // 'town');
	my ($how, $map) = split /\|/, $session->ask($see) || $session->error;
	my $truth = $session->ask("SET rpm_pg.feature_cache = 0; $see; RESET rpm_pg.feature_cache") || $session->error;
	like($how, qr/$expected/, $name);
	is($map // 'none', $truth =~ /^read\|(\w+)$/m ? $1 : 'none', "$name: what there is to see");
	($map //= '') ne '' or $map = $how;
	my $changed = $map ne $last;
	$last = $map;
	return $changed;
}

sub fill { $session->ask("SELECT see(1, 'town')"); return; }

# After a change that came before: what is kept serves, and is there for the next call.
sub settle
{
	my ($name) = @_;
	fill();
	my $changed = sees('kept', $name);
	fill();
	return $changed;
}

fill();
sees('kept', 'a second call reads no table');
sees('read', 'the call after one with nothing kept does');
is($session->ask("SELECT string_agg(scans::text, ' ') FROM generate_series(1, 3), LATERAL see(1 + generate_series * 0, 'town')"), '1 0 0', 'one statement that asks three times reads once');

# Others write.
settle('before others write');
other(q{INSERT INTO house VALUES (1000, ST_MakeEnvelope(691300, 5335900, 691340, 5335990, 32632), 40)});
ok(sees('read', 'another session inserted'), 'and its row is seen');
settle('before a transaction that lasts');
other('BEGIN');
other('UPDATE house SET height_m = 60 WHERE building_id = 1000');
ok(!sees('kept', 'another session writes and has not committed'), 'and nothing of it is seen');
fill();
other('COMMIT');
ok(sees('read', 'it has committed'), 'and its row is seen');
other('BEGIN');
other('UPDATE house SET height_m = 50 WHERE building_id = 1000');
settle('while a transaction is at work that began before');
other('COMMIT');
ok(sees('read', 'and when it has committed'), 'its row is seen');
other('BEGIN');
other('DO $$ BEGIN FOR i IN 1 .. 80 LOOP BEGIN UPDATE house SET height_m = 50 + i WHERE building_id = 1000; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$');
settle('while one has more subtransactions than are listed');
other('COMMIT');
ok(sees('read', 'and when it has committed'), 'its row is seen');
other('BEGIN');
other('UPDATE house SET height_m = 20 WHERE building_id = 1000');
other("PREPARE TRANSACTION 'change'");
settle('after a transaction was prepared');
other("COMMIT PREPARED 'change'");
ok(sees('read', 'and when it was committed'), 'its row is seen');

# The session itself writes.
settle('before the session writes');
my $without = $last;
$session->ask('BEGIN');
fill();
$session->ask('SAVEPOINT s');
$session->ask(q{INSERT INTO house VALUES (1001, ST_MakeEnvelope(691400, 5335900, 691440, 5335990, 32632), 40)});
ok(sees('read', 'its own row that it has not committed'), 'is seen');
$session->ask('ROLLBACK TO s');
ok(sees('read', 'and rolled back'), 'it is seen no more');
is($last, $without, 'the map is as before');
$session->ask('COMMIT');
settle('after its transaction');
is($last, $without, 'the map is still as before');

# A snapshot that sees less than there is: rows stay as they were, catalogs do not.
$session->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
settle('in repeatable read');
other('UPDATE house SET height_m = 30 WHERE building_id = 1000');
ok(!sees('read', 'another session wrote after the snapshot'), 'and nothing of it is seen');
fill();
$session->ask('COMMIT');
ok(sees('read', 'what that snapshot saw does not serve after it'), 'and now it is seen');
# What is kept takes no lock, so that others may change the table itself.
fill();
$session->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
like($session->ask("SELECT scans FROM see(1, 'town')"), qr/^0$/, 'a snapshot that has read nothing');
other('ALTER TABLE house RENAME COLUMN height_m TO tall; ALTER TABLE house ADD COLUMN height_m double precision');
ok(sees('read', 'another session gave the name of a column to another'), 'and that is seen');
$session->ask('COMMIT');
other('ALTER TABLE house DROP COLUMN height_m; ALTER TABLE house RENAME COLUMN tall TO height_m; CREATE TABLE was AS SELECT * FROM house');
settle('the name given back');
$session->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
like($session->ask("SELECT scans FROM see(1, 'town')"), qr/^0$/, 'another one');
other('TRUNCATE house');
ok(sees('read', 'another session emptied the table'), 'and that is seen');
$session->ask('COMMIT');
other('INSERT INTO house SELECT * FROM was');
settle('filled again');
other('TRUNCATE house');
ok(sees('read', 'emptied once more'), 'and that is seen');
other('INSERT INTO house SELECT * FROM was');
$session->ask('BEGIN ISOLATION LEVEL SERIALIZABLE');
fill();
sees('read', 'serializable transactions read, since the server keeps account of it');
$session->ask('COMMIT');

# Whose rows they are: rights and policies.
settle('before another role asks');
$session->ask('SET ROLE alice');
sees('permission denied for public.house', 'a role without rights does not get what is kept');
$session->ask('RESET ROLE');
other('GRANT SELECT ON house TO alice');
$session->ask('SET ROLE alice');
settle('with the right');
other('REVOKE SELECT ON house FROM alice');
sees('permission denied for public.house', 'and when it was taken away');
$session->ask('RESET ROLE');
other(q{GRANT SELECT ON house TO alice; ALTER TABLE house ENABLE ROW LEVEL SECURITY;
	CREATE POLICY low ON house TO alice USING (height_m < current_setting('town.most_m')::float8)});
settle('policies do not count for the owner');
$session->ask("SET ROLE alice; SET town.most_m = 20");
ok(sees('read', 'a role with a policy reads'), 'and sees other rows');
fill();
$session->ask('SET town.most_m = 10');
ok(sees('read', 'and reads again'), 'since a setting may change what it sees');
$session->ask('RESET ROLE');
other('ALTER TABLE house DISABLE ROW LEVEL SECURITY');

# What is no plain table.
other(q{CREATE VIEW part AS SELECT building_id, geom, height_m FROM house WHERE height_m < current_setting('town.most_m')::float8;
	INSERT INTO rpm.scene (name, srid, cell_size_m, extent, building_relation) SELECT 'view', srid, cell_size_m, extent, 'part' FROM rpm.scene WHERE name = 'town'});
$session->ask("SET town.most_m = 20; SELECT see(1, 'view')");
sees('read', 'a view is read each time', scene => 'view');
$session->ask('SET town.most_m = 10');
ok(sees('read', 'since it may call anything', scene => 'view'), 'and what it calls may say another thing');
other(q{CREATE TYPE size AS ENUM ('low', 'high');
	CREATE FUNCTION metres(size) RETURNS double precision LANGUAGE sql AS $$ SELECT current_setting('town.metres')::float8 $$;
	CREATE CAST (size AS double precision) WITH FUNCTION metres(size);
	CREATE TABLE sized AS SELECT building_id, geom, 'low'::size AS height_m FROM house;
	INSERT INTO rpm.scene (name, srid, cell_size_m, extent, building_relation) SELECT 'sized', srid, cell_size_m, extent, 'sized' FROM rpm.scene WHERE name = 'town'});
my @sized = map { $session->ask("SET town.metres = $_; SELECT map FROM see(1, 'sized')") } (10, 40);
isnt($sized[0], $sized[1], 'nor is a column kept whose cast is a function of somebody\'s own');
$session->ask(q{CREATE TEMPORARY TABLE mine AS SELECT * FROM house;
	INSERT INTO rpm.scene (name, srid, cell_size_m, extent, building_relation) SELECT 'mine', srid, cell_size_m, extent, 'mine' FROM rpm.scene WHERE name = 'town'});
my @mine = map { $session->ask("$_; SELECT map FROM see(1, 'mine')") } ('SELECT', 'DELETE FROM mine WHERE building_id < 50');
isnt($mine[0], $mine[1], 'what the session did to a temporary table is seen');
other('DROP TABLE sized; CREATE TABLE sized AS SELECT building_id, geom, height_m FROM house');
sees('does not exist', 'a table of the same name is another table', scene => 'sized');
other(q{INSERT INTO house VALUES (2000, ST_GeomFromText('LINESTRING(691100 5336000, 691120 5336010)', 32632), 10)});
fill();
sees('read', 'what leaves out a row says so each time');
other('DELETE FROM house WHERE building_id = 2000');

# Antennas are rows of their own, and room is limited: 1 MB holds the tiles of two.
$session->ask('SET rpm_pg.feature_cache = 1');
is($session->ask("SELECT string_agg(scans::text, ' ' ORDER BY n) FROM unnest('{1,2,1,2,3,2,1}'::bigint[]) WITH ORDINALITY AS a (id, n), LATERAL see(id, 'town')"), '1 1 0 0 1 0 1',
	'the tile used longest ago goes first');
$session->ask('RESET rpm_pg.feature_cache');
my %map = map { $_ => $session->ask("SELECT map FROM see($_, 'town')") } 1 .. 3;
isnt($map{1}, $map{2}, 'each antenna has its own');
$session->ask('BEGIN; UPDATE rpm.antenna SET azimuth_deg = 90, pattern = \'tr38901\' WHERE antenna_id = 2; COMMIT');
isnt($session->ask("SELECT map FROM see(2, 'town')"), $map{2}, 'an antenna that was changed has another');

my $given = "SELECT md5(ST_AsWKB(rpm_predict(jsonb_populate_record(a, '{\"height_m\": 12}'), 'town', method => 'network', size_cells => 32))) FROM rpm.antenna AS a WHERE antenna_id = 1";
fill();
isnt($session->ask($given), $map{1}, 'one that is given under the key of another is not that one');
is($session->ask("SELECT map FROM see(1, 'town')"), $map{1}, 'nor the other way round');
other(q{INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT 1, ST_SetSRID(ST_MakePoint(691100 + 10 * i, 5336100), 32632), -90 - i FROM generate_series(1, 9) AS i});
my $measured = $session->ask("SELECT map FROM see(1, 'town')");
isnt($measured, $map{1}, 'measurements count at once');
is($session->ask("SELECT map FROM see(1, 'town')"), $measured, 'and at the next call');

# More relations than there are places for plans and answers: each has its own, and all are right after the transaction, too.
$session->ask(q{DO $$ BEGIN FOR i IN 1 .. 70 LOOP
	EXECUTE format('CREATE TABLE mast_%s AS SELECT * FROM rpm.antenna', i);
	EXECUTE format('UPDATE mast_%s SET height_m = %s', i, 10 + i);
	INSERT INTO rpm.scene (name, srid, cell_size_m, antenna_relation, measurement_relation) VALUES ('mast ' || i, 32632, 10, ('mast_' || i)::regclass, NULL);
END LOOP; END $$});
my $masts = q{SELECT count(DISTINCT ST_Value(rpm_features(1, 'mast ' || i, channels => '{distance_m}', size_cells => 8), 1, 1)) FROM generate_series(1, 70) AS i};
is($session->ask($masts), 70, 'seventy tables of antennas') for 1 .. 2;
$session->ask("BEGIN; SELECT rpm_features(1, 'mast 1', channels => '{distance_m}', size_cells => 8); SELECT 1 / 0; ROLLBACK");
is($session->ask($masts), 70, 'and after an error');

# Scenes know by the same whether their rows need to be looked at.
my $build = "SELECT CASE WHEN scans = 0 THEN 'kept' ELSE 'read' END, CASE WHEN built THEN 'built' ELSE 'as it was' END FROM build('town')";
$session->ask($build);
is($session->ask($build), 'kept|as it was', 'a second call on a scene looks at no row');
other('UPDATE rpm.antenna SET height_m = 31 WHERE antenna_id = 3');
is($session->ask($build), 'read|as it was', 'after a change elsewhere it looks and builds nothing');
is($session->ask($build), 'kept|as it was', 'once');
other('UPDATE house SET height_m = 33 WHERE building_id = 1000');
is($session->ask($build), 'read|built', 'after a change of a building it builds');
$session->ask('BEGIN; UPDATE house SET height_m = 34 WHERE building_id = 1000');
is($session->ask($build), 'read|built', 'as after one of its own');
$session->ask('ROLLBACK');
is($session->ask($build), 'read|built', 'and after that was rolled back');
$session->ask("UPDATE rpm.scene SET party_wall_m = 0.2 WHERE name = 'town'");
is($session->ask($build), 'read|built', 'a setting of the scene counts, too');
other('REVOKE SELECT ON house FROM alice');
$session->ask($build);
$session->ask('SET ROLE alice');
like($session->ask($build) || $session->error, qr/permission denied for public.house/, 'a role without rights gets no scene that is kept');
$session->ask('RESET ROLE');
is($session->ask("SELECT string_agg((scans > 0)::text, ' ') FROM generate_series(1, 2), LATERAL build('view')"), 'true true', 'a view is looked at each time');

$_->finish for $session, $other;
$node->stop;
done_testing();
