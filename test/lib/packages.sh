# packages.sh: Debian's packages that the tests and the demo need, installed where they are missing.
# Sourced; works as root, or through sudo where that needs no password.

# The server that Debian carries: 15 in Debian 12, 17 in Debian 13. PG_MAJOR names another.
PG_MAJOR=${PG_MAJOR:-$(. /etc/os-release 2>/dev/null; case "${ID:-}${VERSION_ID:-}" in debian13) echo 17 ;; *) echo 15 ;; esac)}

# What builds the extension and runs a server with it.
BUILD_PACKAGES="gcc make libc6-dev libgeos-dev libembree-dev libdnnl-dev postgresql-$PG_MAJOR postgresql-server-dev-$PG_MAJOR
	postgresql-$PG_MAJOR-postgis-3 postgresql-$PG_MAJOR-postgis-3-scripts xz-utils"
# What the demo draws with.
DRAW_PACKAGES="gdal-bin python3-gdal python3-numpy python3-pil fonts-dejavu-core"
# What the tests need on top.
TEST_PACKAGES="g++ perl libipc-run-perl postgresql-$PG_MAJOR-cron"
QGIS_PACKAGES="python3-qgis qgis-providers"

# The packages among those named that are not installed, on one line.
missing_packages()
{
	command -v dpkg-query >/dev/null || return 0
	local package
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
	done
}

# Runs a command with root's rights.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

can_be_root()
{
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

apt_get()
{
	as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io "$@" </dev/null
}

# install_packages NAME...: installs what is missing and says so; fails with a line that says what to do.
install_packages()
{
	local missing log
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null || ! can_be_root; then
		echo "missing packages, and no right to install them: as root run   apt-get install $missing" >&2
		return 1
	fi
	keep_system_clusters
	echo "installing from Debian's packages: $missing"
	log=$(mktemp)
	# The package lists may be absent or older than the archive: fetch them once and try again.
	# shellcheck disable=SC2086
	if ! apt_get install $missing >"$log" 2>&1; then
		apt_get update >"$log" 2>&1 || true
		if ! apt_get install $missing >"$log" 2>&1; then
			tail -n 15 "$log" >&2
			rm -f "$log"
			echo "apt-get could not install: $missing" >&2
			return 1
		fi
	fi
	rm -f "$log"
}

# Debian makes and starts a cluster `main` when a server is first installed; we need none and leave those that are there alone.
keep_system_clusters()
{
	if [ ! -e /etc/postgresql-common ]; then
		as_root mkdir -p /etc/postgresql-common
		echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
}

# The server's programs (initdb, pg_ctl, psql) of the version that is built against.
server_bindir()
{
	local config=${PG_CONFIG:-/usr/lib/postgresql/$PG_MAJOR/bin/pg_config}
	[ -x "$config" ] || config=$(command -v pg_config)
	"$config" --bindir
}
