#!/usr/bin/env bash
# META.json says what PGXN asks for (PGXN Meta Spec 1.0.0), and one version stands everywhere.
. test/lib/check.sh

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" rpm_pg.control)
lines=$(python3 - "$version" <<'PYTHON' 2>&1
import json, os, re, sys

version = sys.argv[1]
meta = json.load(open("META.json", encoding="utf-8"))
semver = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+)?$")

def say(good, text):
    print(("good" if good else "bad") + "\t" + text)

for key in ("name", "version", "abstract", "maintainer", "license", "provides", "meta-spec"):
    say(bool(meta.get(key)), "META.json has " + key)
say(meta.get("meta-spec", {}).get("version") == "1.0.0", "META.json follows specification 1.0.0")
say(meta.get("name") == "rpm_pg" and re.fullmatch(r"[^\s/\\\x00-\x1f]{2,}", meta["name"]) is not None, "the distribution's name is valid")
say(meta.get("version") == version and semver.match(version) is not None, "META.json's version is the control file's, a semantic version")
license = meta.get("license")
say(license == "postgresql" or (isinstance(license, dict) and all(v.startswith("http") for v in license.values())), "the licence is one that PGXN knows")
provided = meta.get("provides", {}).get("rpm_pg", {})
say(provided.get("version") == version, "the extension provided has this version")
say(provided.get("file") in ("sql/rpm_pg--%s.sql" % version, "rpm_pg.control") , "the extension's file is named")
say(os.path.isfile(provided.get("docfile", "")), "the extension's docfile is there")
requires = meta.get("prereqs", {}).get("runtime", {}).get("requires", {})
say("PostgreSQL" in requires, "the server's version is required")
say(all(isinstance(v, (str, int)) for v in requires.values()), "each requirement is a version")
say(isinstance(meta.get("tags", []), list), "tags are a list")
changes = open("CHANGELOG.md", encoding="utf-8").read()
say("## [%s]" % version in changes, "CHANGELOG.md speaks of this version")
say(open("LICENSE", encoding="utf-8").read().find("without a written agreement is hereby granted") > 0, "LICENSE is the PostgreSQL licence")
PYTHON
)
code=$?
ok $code "META.json can be read" "$lines"
while IFS=$'\t' read -r verdict text; do
	[ "$verdict" = good ]
	ok $? "$text"
done < <(echo "$lines" | grep -E $'^(good|bad)\t')

missing=""
for target in $(grep -ohE '\]\([a-zA-Z0-9_./-]+\.(md|png)' README.md | sed 's/](//'); do
	[ -f "$target" ] || missing="$missing $target"
done
for target in $(grep -ohE '\]\([a-zA-Z0-9_./-]+\.(md|png)' docs/*.md | sed 's/](//' | sort -u); do
	[ -f "docs/$target" ] || missing="$missing docs/$target"
done
none "the pages link to files that are there" "$missing"

check_summary metadata
