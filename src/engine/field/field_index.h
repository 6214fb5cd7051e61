/* field_index.h: neighbours by whose points they are (rpm_field_index of rpm_field.h). */
#ifndef RPM_FIELD_INDEX_H
#define RPM_FIELD_INDEX_H

#include "field/point_tree.h"

/* Points that neighbours are taken from, each with a number of its own. */
enum
{
	POOL_OWN,
	POOL_SITE,
	POOL_OTHERS,
	POOLS
};

struct rpm_field_index
{
	point_tree *tree[POOLS];
};

/* Empty trees where a pool is not wanted. */
rpm_code	field_index_build(const rpm_field_data *data, bool site, bool others, rpm_field_index **index, rpm_status *status);

#endif
