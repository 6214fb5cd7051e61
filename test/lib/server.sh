# server.sh: a throwaway server in a temporary folder. Sourced, after packages.sh.
#
# Never the system's own cluster: its own data directory, its own socket directory, a free port on localhost.
# PostgreSQL refuses to run as root, so as root everything of the server's runs as user postgres.

# Runs a command as the user who owns the server.
as_server()
{
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

# A temporary folder that the server's user owns; its name is short, as socket paths must be.
server_folder()
{
	local folder
	folder=$(mktemp -d "${1:-/tmp/rpm_pg}.XXXXXX")
	[ "$(id -u)" -ne 0 ] || chown postgres: "$folder"
	chmod 755 "$folder"
	echo "$folder"
}

free_port()
{
	local port
	for _ in $(seq 50); do
		port=$(( 50000 + RANDOM % 10000 ))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return 0
		fi
	done
	echo "no free port on localhost between 50000 and 60000" >&2
	return 1
}

# server_start FOLDER [SETTING=VALUE ...]: makes and starts a server in FOLDER; sets PGHOST, PGPORT, PGUSER, PGDATABASE.
# Local connections (a socket directory that only the server's user and root may enter) are trusted; over TCP a password is asked.
server_start()
{
	local folder=$1 bindir port try
	shift
	bindir=$(server_bindir)
	if [ ! -d "$folder/data" ]; then
		as_server "$bindir/initdb" -D "$folder/data" -U postgres --encoding=UTF8 --locale=C.UTF-8 \
			--auth-local=trust --auth-host=scram-sha-256 --no-sync >"$folder/initdb.log" 2>&1 ||
			{ tail -n 5 "$folder/initdb.log" >&2; return 1; }
		as_server mkdir -m 700 "$folder/socket"
		{
			echo "unix_socket_directories = '$folder/socket'"
			echo "listen_addresses = 'localhost'"
			echo "fsync = off"
			printf '%s\n' "$@"
		} | as_server tee -a "$folder/data/postgresql.conf" >/dev/null
	fi
	for try in 1 2 3; do
		port=$(free_port) || return 1
		if as_server "$bindir/pg_ctl" -D "$folder/data" -l "$folder/server.log" -o "-p $port" -w -t 60 start \
			>"$folder/start.log" 2>&1 </dev/null; then
			export PGHOST=$folder/socket PGPORT=$port PGUSER=postgres PGDATABASE=postgres
			return 0
		fi
	done
	tail -n 5 "$folder/server.log" >&2
	return 1
}

server_stop()
{
	local folder=$1
	[ -f "$folder/data/postmaster.pid" ] || return 0
	as_server "$(server_bindir)/pg_ctl" -D "$folder/data" -m "${2:-fast}" -w -t 30 stop >/dev/null 2>&1
}

# psql as the server's user, quiet, stopping at the first error. Standard input is the script where no -c or -f is given.
query()
{
	as_server "$(server_bindir)/psql" -X -q -v ON_ERROR_STOP=1 "$@"
}
