/* given_antenna.h: an antenna that a caller gave as a row, in the place of the relation of antennas. */
#ifndef RPM_PG_GIVEN_ANTENNA_H
#define RPM_PG_GIVEN_ANTENNA_H

#include "postgres.h"

#include "relation.h"

/* From now on every antenna_relation is this row of rpm.antenna alone, also for functions that queries call.  Undone by rpm_given_antenna_end, which a PG_FINALLY must call. */
extern void rpm_given_antenna_begin(Datum row);
extern void rpm_given_antenna_end(void);

/* The relation that stands for antenna_relation while an antenna is given; NULL: none is. */
extern RpmRelation *rpm_given_antenna_relation(void);

#endif
