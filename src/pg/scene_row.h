/* scene_row.h: a row of rpm.scene. */
#ifndef RPM_PG_SCENE_ROW_H
#define RPM_PG_SCENE_ROW_H

#include "postgres.h"

/* A rectangle of world coordinates in the scene's SRID. */
typedef struct RpmBox
{
	double		west, south, east, north;
} RpmBox;

/* The smallest box about it and a point. */
static inline void
rpm_box_stretch(RpmBox *box, double x, double y)
{
	box->west = Min(box->west, x);
	box->south = Min(box->south, y);
	box->east = Max(box->east, x);
	box->north = Max(box->north, y);
}

typedef struct RpmSceneRow
{
	int32		scene_id;
	char	   *name;
	int32		srid;
	bool		has_extent;
	Datum		extent;			/* geometry, when has_extent */
	RpmBox		extent_box;
	double		cell_size_m;
	double		receiver_height_m;
	Oid			building_relation;
	Oid			antenna_relation;
	Oid			terrain_relation;	/* InvalidOid: flat ground */
	char	   *ground_material;
	double		ground_elevation_m, party_wall_m;
	bool		strict;
	bool		weld_rows;		/* edges only within one row's own surface */
	bool		free_edges;
	char	   *building_entry; /* none, traditional, thermally_efficient */
	double		building_entry_percent;
} RpmSceneRow;

/* The scene of a name, in the current memory context.  Errors: 42704 (no such scene), 42501 (rpm.scene may not be read). */
extern RpmSceneRow *rpm_scene_row_read(const char *name);

/*
 * The scene that a point belongs to: the only one of the point's SRID whose extent holds it (one without extent holds any).
 * Errors: 42704 when there is none or more than one, with their names.
 */
extern char *rpm_scene_name_of_point(Datum point, int32 srid);

#endif
