/* reference_wedge.h: switches between our diffraction and that of the reference maps, see reference_wedge.c. */
#ifndef RPM_TEST_REFERENCE_WEDGE_H
#define RPM_TEST_REFERENCE_WEDGE_H

#include "rpm_em.h"
#include "trace/map_internal.h"

enum
{
	REFERENCE_WEDGE_OURS,
	REFERENCE_WEDGE_THEIRS,		/* their coefficients */
	REFERENCE_WEDGE_FIND,		/* the same, and note the edges that they lack */
	REFERENCE_WEDGE_WITHOUT		/* the same without those edges */
};

typedef struct reference_grid
{
	const float *path_gain_db;	/* on the map's own grid, -9999 where there is no value */
	int			columns;
} reference_grid;

void		reference_wedge_mode(int mode, const reference_grid *grid, size_t wedge_count);
/* How many edges were found lacking. */
size_t		reference_wedge_lacking(void);

#endif
