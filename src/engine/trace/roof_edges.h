/*
 * roof_edges.h: the edges of a scene that may stand against the sky, by azimuth about a transmitter.
 */
#ifndef RPM_ROOF_EDGES_H
#define RPM_ROOF_EDGES_H

#include "trace/roof_profile.h"

typedef struct rpm_roof_edge
{
	double		x0, y0, z0, x1, y1, z1;	/* x, y from the transmitter, z local */
	double		nearest_m;		/* along the ground */
	int32_t		wedge, building;
	bool		sharp;			/* not a crease of a surface that is all but flat */
} rpm_roof_edge;

struct rpm_roofs
{
	rpm_vec3	transmitter;
	double		wavelength_m;
	rpm_roof_edge *edges;		/* nearest first */
	size_t		edge_count;
	size_t		sectors;
	uint32_t   *sector_start;	/* sectors + 1; into members */
	uint32_t   *members;		/* edges of each sector, nearest first */
};

/* The sector that a direction along the ground lies in. */
size_t		rpm_roof_sector(const rpm_roofs *roofs, double x, double y);

#endif
