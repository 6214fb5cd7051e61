# installation.sh: the source in a fresh copy, and a private installation of the server that it is installed into. Sourced.
#
# A PostgreSQL installation finds its libraries and extensions relative to its programs, so a tree of links with its own copies of the
# programs is an installation of its own: the system's directories are not written to, and no root is needed.

# copy_source TOP FOLDER: what git knows or would add, without build products. RPM_COPY_BUILT=1, for a copy of such a copy that is for the same
# server: with what `make` made of the extension there, so that nothing is compiled twice.
copy_source()
{
	local top=$1 folder=$2
	mkdir -p "$folder"
	if [ "${RPM_COPY_BUILT:-0}" = 1 ]; then
		(cd "$top" && { find . -path ./build -prune -o -type f -print0; find build/nn build/rpm_pg_nn.so -type f -print0 2>/dev/null; } |
			tar -c --null -T -) | tar -x --no-same-owner -C "$folder"
	elif git -c safe.directory='*' -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		(cd "$top" && git -c safe.directory='*' ls-files -z -co --exclude-standard |
			while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
			tar -c --null -T -) | tar -x --no-same-owner -C "$folder"
	else
		tar -c -C "$top" --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.so' --exclude='*.bc' . |
			tar -x --no-same-owner -C "$folder"
	fi
	# A checkout made under a strict umask must still be readable by the server's user.
	chmod -R u+rwX,go+rX "$folder"
}

# private_installation FOLDER: links to the server of version PG_MAJOR below FOLDER; sets PG_CONFIG to its pg_config.
private_installation()
{
	local root=$1 lib=/usr/lib/postgresql/$PG_MAJOR share=/usr/share/postgresql/$PG_MAJOR
	if [ ! -x "$lib/bin/pg_config" ] || [ ! -d "$share" ]; then
		echo "no PostgreSQL $PG_MAJOR of Debian's packages below $lib" >&2
		return 1
	fi
	mkdir -p "$root$lib" "$root$share"
	cp -as "$lib/lib" "$root$lib/"
	cp -a "$lib/bin" "$root$lib/"
	cp -as "$share/." "$root$share/"
	ln -sfn /usr/include "$root/usr/include"
	# An installed copy of the extension must not stand in for the one under test.
	find "$root" -name 'rpm_pg*' \( -type f -o -type l \) -delete
	export PG_CONFIG=$root$lib/bin/pg_config
	export PATH=$root$lib/bin:$PATH
}
