\echo Use "ALTER EXTENSION rpm_pg UPDATE" to load this file. \quit

/*
 * From 0.1.0: what must be done by hand before the rooms that changed and the rooms that are new are run (docs/releases.md).
 *
 * Nothing yet: rpm_sinr has a second form, and rpm.combine_tiles calls it; both rooms hold functions only and are run again.
 */
