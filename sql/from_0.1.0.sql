\echo Use "ALTER EXTENSION rpm_pg UPDATE" to load this file. \quit

/*
 * From 0.1.0: what must be done by hand before the rooms that changed and the rooms that are new are run (docs/releases.md).
 *
 * rpm_sinr has a second form, and rpm.combine_tiles calls it: both rooms hold functions only and are run again.
 */

/* Scenes have party walls. */
ALTER TABLE rpm.scene
	ADD COLUMN party_wall_m double precision NOT NULL DEFAULT 0.05,
	ADD CONSTRAINT scene_party_wall CHECK (party_wall_m BETWEEN 0 AND 1
		OR rpm.refuse('rpm.scene', 'name ' || name, 'party_wall_m is ' || party_wall_m,
			'Give metres from 0 (each wall counts) to 1; 0.05 is usual.'));
COMMENT ON COLUMN rpm.scene.party_wall_m IS 'parallel walls nearer than this count as one where a ray goes through them, metres; 0: each counts';
