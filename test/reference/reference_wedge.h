/* reference_wedge.h: switches between our diffraction and that of the reference maps, see reference_wedge.c. */
#ifndef RPM_TEST_REFERENCE_WEDGE_H
#define RPM_TEST_REFERENCE_WEDGE_H

#include "rpm_em.h"
#include "trace/map_internal.h"

enum
{
	REFERENCE_WEDGE_OURS,
	REFERENCE_WEDGE_THEIRS,		/* their coefficients */
	REFERENCE_WEDGE_FOUND		/* the same, at the edges of the list alone */
};

void		reference_wedge_mode(int mode);

/*
 * Reads the list of edges for REFERENCE_WEDGE_FOUND: a line of column names, then x0,y0,z0,x1,y1,z1 of each, metres; origin is what is to be
 * added to reach the scene's local coordinates.  How many were read; 0 when there is no such file.
 */
size_t		reference_wedge_read(const char *path, rpm_vec3 origin);

#endif
